#pragma once

#include "model/tree-entry.h"

#include <gio/gio.h>

/*
 * The manifest of one tree backup: a snapshot of the whole tree, every entry with the archive that
 * holds it. All integers are little-endian.
 *
 *   manifest = header entry* footer          on disk: zstd, any number of frames
 *   header   = "NBKM" version:u16 flags:u16 entry_count:u64 timestamp:i64 sequence:u8 reserved:15
 *   entry    = path_length:u16 path mtime:i64 size:i64 mode:u32 origin:u8
 *   footer   = sha256:32 "NBKM"              sha256 of header and entries
 *
 * version is 1; bit 0 of flags (cumulative) is always set, no other is known; timestamp and mtime
 * are nanoseconds since 1970; sequence is 0 for a full, N for the Nth incremental, and no origin
 * is greater than it; entries are in the order of bk_tree_path_compare(), each path once; reserved
 * bytes are written as 0 and not read.
 */

#define BK_NBKM_VERSION 1
#define BK_NBKM_FLAG_CUMULATIVE 1
#define BK_NBKM_HEADER_BYTES 40
#define BK_NBKM_FOOTER_BYTES 36

typedef struct
{
  guint64 entry_count;
  gint64 timestamp_nsec; /* when the scan began */
  guint16 version;
  guint16 flags;
  guint8 sequence;
} BkNbkmHeader;

typedef struct _BkNbkmWriter BkNbkmWriter;

BkNbkmWriter *bk_nbkm_writer_new (
    int fd, gint64 timestamp_nsec, guint8 sequence, guint64 expected_count, GError **error);
gboolean bk_nbkm_writer_add (BkNbkmWriter *writer, const BkTreeEntry *entry, GError **error);
gboolean bk_nbkm_writer_finish (BkNbkmWriter *writer, guint64 *entry_count, GError **error);
void bk_nbkm_writer_free (BkNbkmWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkNbkmWriter, bk_nbkm_writer_free)

typedef struct _BkNbkmReader BkNbkmReader;

BkNbkmReader *bk_nbkm_reader_new (int fd, const char *name, GError **error);
const BkNbkmHeader *bk_nbkm_reader_get_header (const BkNbkmReader *reader);
gboolean bk_nbkm_reader_next (BkNbkmReader *reader, const BkTreeEntry **entry, GError **error);
void bk_nbkm_reader_free (BkNbkmReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkNbkmReader, bk_nbkm_reader_free)
