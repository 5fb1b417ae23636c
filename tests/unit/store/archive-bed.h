#pragma once

#include "store/tree/archive.h"

#include <sys/stat.h>

/* A tree to archive, a directory for the archives, and what the writer has said of each thing. */
typedef struct
{
  char *path;
  int dirfd;
  int source;
  GPtrArray *paths; /* as reported */
  GArray *results;  /* of BkTreeArchiveResult */
} ArchiveBed;

void archive_bed_set_up (ArchiveBed *bed, gconstpointer data);
void archive_bed_tear_down (ArchiveBed *bed, gconstpointer data);
void archive_bed_write_file (int dirfd, const char *name, const char *text, goffset size_bytes);
void archive_bed_write_random (int dirfd, const char *name, gsize size_bytes, guint32 seed);
void
archive_bed_on_settled (gpointer input_data, const BkTreeArchiveResult *result, gpointer user_data);
void archive_bed_add_one (BkTreeArchiveWriter *writer,
                          int dirfd,
                          const char *name,
                          const char *path,
                          const struct stat *st,
                          GHashTable *links);
char *archive_bed_archive_source (ArchiveBed *bed, const char *name, BkTreeCompression compression);
BkTreeArchiveReader *archive_bed_open_reader (ArchiveBed *bed, const char *name);
void archive_bed_assert_member (ArchiveBed *bed,
                                BkTreeArchiveReader *reader,
                                const BkTreeArchiveMember *member);
