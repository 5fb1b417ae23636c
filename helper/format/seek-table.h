#pragma once

#include <glib.h>

/*
 * The seek table of zstd's seekable format (contrib/seekable_format in zstd's sources, version
 * 0.1.0): a skippable frame at the end of the file, so that every zstd decoder passes over it.
 * Little-endian.
 *
 *   u32 magic        0x184D2A5E
 *   u32 length       of what follows
 *   { u32 compressed_bytes, u32 plain_bytes [, u32 checksum] } × frames_count
 *   u32 frames_count
 *   u8  descriptor   bit 7: entries carry a checksum; bits 6 to 2 must be 0
 *   u32 magic        0x8F92EAB1
 *
 * We write no checksums: each of our frames carries zstd's own.
 */

/* Frames one table may have: 4 TiB of tar at 1 MiB a frame. The format allows 2^27. */
#define BK_SEEK_TABLE_FRAMES_MAX (4u * 1024 * 1024)

/* One frame may not unpack to more: a table that says so is broken or hostile. */
#define BK_SEEK_TABLE_PLAIN_MAX_BYTES (64u * 1024 * 1024)

#define BK_SEEK_TABLE_FOOTER_BYTES 9

typedef struct
{
  guint64 offset_bytes; /* in the file */
  guint64 plain_offset_bytes;
} BkSeekPoint;

/* frames_count points, and one more: where the frames end. */
typedef struct
{
  guint frames_count;
  BkSeekPoint *points;
} BkSeekTable;

BkSeekTable *bk_seek_table_new_from_fd (int fd, const char *name, GError **error);
void bk_seek_table_free (BkSeekTable *table);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkSeekTable, bk_seek_table_free)

typedef struct _BkSeekTableBuilder BkSeekTableBuilder;

BkSeekTableBuilder *bk_seek_table_builder_new (void);
gboolean bk_seek_table_builder_add (BkSeekTableBuilder *builder,
                                    gsize compressed_bytes,
                                    gsize plain_bytes,
                                    GError **error);
GByteArray *bk_seek_table_builder_end (BkSeekTableBuilder *builder);
void bk_seek_table_builder_free (BkSeekTableBuilder *builder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkSeekTableBuilder, bk_seek_table_builder_free)
