#pragma once

#include "store/tree/pack.h"

#include <archive.h>

/* What pack.c (small things, whole) and pack-large.c (large files, in segments) share. */

struct _BkTreePacker
{
  struct archive *archive; /* for names in ASCII, which need nothing said about them */
  struct archive *binary;  /* for other names: they go in as the bytes they are */
  struct archive_entry *entry;
  GByteArray *plain;
  GByteArray *content;
  BkTreeObject object;
};

struct archive *bk_tree_pack_archive_new (GByteArray *sink, gboolean is_binary);
void bk_tree_pack_archive_free (struct archive *archive);
gboolean bk_tree_pack_has_ascii_names (const BkTreeArchiveInput *input, const BkTreeObject *object);
int bk_tree_pack_write_header (struct archive *archive,
                               GByteArray *sink,
                               const BkTreeObject *object,
                               const BkTreeArchiveInput *input,
                               struct archive_entry *entry);
void bk_tree_pack_set_result (BkTreeArchiveResult *result,
                              BkTreeOutcome outcome,
                              int errnum,
                              const struct stat *st);
void bk_tree_pack_set_failure (BkTreeArchiveResult *result, int errnum);
