#include "format/seek-table.h"

#include "base/error.h"
#include "base/gettext.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SKIPPABLE_MAGIC 0x184D2A5Eu
#define SEEKABLE_MAGIC 0x8F92EAB1u
#define SKIPPABLE_HEADER_BYTES 8
#define DESCRIPTOR_CHECKSUM 0x80
#define DESCRIPTOR_RESERVED 0x7c

struct _BkSeekTableBuilder
{
  GByteArray *bytes;
  guint frames_count;
};

static guint32
get_u32 (const guint8 *bytes)
{
  return (guint32) bytes[0] | (guint32) bytes[1] << 8 | (guint32) bytes[2] << 16 |
         (guint32) bytes[3] << 24;
}

static void
put_u32 (guint8 *bytes, guint32 value)
{
  for (guint i = 0; i < 4; i++)
    bytes[i] = (guint8) (value >> (8 * i));
}

static void
append_u32 (GByteArray *array, guint32 value)
{
  guint8 bytes[4];

  put_u32 (bytes, value);
  g_byte_array_append (array, bytes, sizeof bytes);
}

/* ---- building ---- */

BkSeekTableBuilder *
bk_seek_table_builder_new (void)
{
  BkSeekTableBuilder *self = g_new0 (BkSeekTableBuilder, 1);

  self->bytes = g_byte_array_new ();
  append_u32 (self->bytes, SKIPPABLE_MAGIC);
  append_u32 (self->bytes, 0); /* the length, set by bk_seek_table_builder_end() */
  return self;
}

void
bk_seek_table_builder_free (BkSeekTableBuilder *builder)
{
  g_clear_pointer (&builder->bytes, g_byte_array_unref);
  g_free (builder);
}

/**
 * bk_seek_table_builder_add:
 *
 * Records the next frame of the file.
 *
 * Errors: %BK_ERROR_UNSUPPORTED when the table would have more than %BK_SEEK_TABLE_FRAMES_MAX
 *   frames.
 */
gboolean
bk_seek_table_builder_add (BkSeekTableBuilder *builder,
                           gsize compressed_bytes,
                           gsize plain_bytes,
                           GError **error)
{
  g_return_val_if_fail (compressed_bytes <= G_MAXUINT32, FALSE);
  g_return_val_if_fail (plain_bytes <= BK_SEEK_TABLE_PLAIN_MAX_BYTES, FALSE);

  if (builder->frames_count == BK_SEEK_TABLE_FRAMES_MAX)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED,
                    "One archive cannot hold more than %u frames; back up the sources in parts",
                    BK_SEEK_TABLE_FRAMES_MAX);
      return FALSE;
    }
  append_u32 (builder->bytes, (guint32) compressed_bytes);
  append_u32 (builder->bytes, (guint32) plain_bytes);
  builder->frames_count++;
  return TRUE;
}

/**
 * bk_seek_table_builder_end:
 *
 * Returns: (transfer full): the skippable frame that closes the file. The builder takes no more.
 */
GByteArray *
bk_seek_table_builder_end (BkSeekTableBuilder *builder)
{
  guint8 descriptor = 0;

  append_u32 (builder->bytes, builder->frames_count);
  g_byte_array_append (builder->bytes, &descriptor, 1);
  append_u32 (builder->bytes, SEEKABLE_MAGIC);
  put_u32 (builder->bytes->data + 4, builder->bytes->len - SKIPPABLE_HEADER_BYTES);
  return g_steal_pointer (&builder->bytes);
}

/* ---- reading ---- */

static gboolean
broken (GError **error, const char *name, const char *why)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "The seek table of “%s” is broken: %s", name, why);
  return FALSE;
}

static gboolean
read_at (
    int fd, const char *name, guint64 offset_bytes, void *data, gsize length_bytes, GError **error)
{
  while (length_bytes > 0)
    {
      ssize_t n = pread (fd, data, length_bytes, (off_t) offset_bytes);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return bk_error_set_errno (error, errno, "Reading “%s” failed", name);
      if (n == 0)
        return broken (error, name, _ ("the file ends within it"));
      data = (guint8 *) data + n;
      offset_bytes += (guint64) n;
      length_bytes -= (gsize) n;
    }
  return TRUE;
}

static gboolean
read_points (BkSeekTable *table,
             const guint8 *entries,
             gsize entry_bytes,
             guint64 table_offset_bytes,
             const char *name,
             GError **error)
{
  guint64 offset_bytes = 0, plain_offset_bytes = 0;

  for (guint i = 0; i < table->frames_count; i++)
    {
      guint32 compressed_bytes = get_u32 (entries + i * entry_bytes);
      guint32 plain_bytes = get_u32 (entries + i * entry_bytes + 4);

      table->points[i] = (BkSeekPoint){ offset_bytes, plain_offset_bytes };
      if (compressed_bytes == 0)
        return broken (error, name, _ ("it has a frame without bytes"));
      if (plain_bytes > BK_SEEK_TABLE_PLAIN_MAX_BYTES)
        return broken (error, name, _ ("it has a frame that is too large"));
      offset_bytes += compressed_bytes;
      plain_offset_bytes += plain_bytes;
    }
  table->points[table->frames_count] = (BkSeekPoint){ offset_bytes, plain_offset_bytes };
  if (offset_bytes != table_offset_bytes)
    return broken (error, name, _ ("its frames are not as long as the file"));
  return TRUE;
}

/**
 * bk_seek_table_new_from_fd:
 * @fd: a file; its position does not move
 * @name: what to call it in an error
 *
 * Everything is checked before it is believed: the sum of the frames must be the file up to the
 * table, to the byte. Memory is bounded by %BK_SEEK_TABLE_FRAMES_MAX.
 *
 * Errors: %BK_ERROR_NOT_FOUND when the file has no seek table; %BK_ERROR_INTEGRITY when it has
 *   one that cannot be true.
 *
 * Returns: (transfer full) (nullable): the table.
 */
BkSeekTable *
bk_seek_table_new_from_fd (int fd, const char *name, GError **error)
{
  guint8 footer[BK_SEEK_TABLE_FOOTER_BYTES];
  struct stat st;

  if (fstat (fd, &st) < 0)
    {
      bk_error_set_errno (error, errno, "“%s” cannot be examined", name);
      return NULL;
    }

  guint64 file_bytes = (guint64) st.st_size;
  if (file_bytes < SKIPPABLE_HEADER_BYTES + sizeof footer)
    {
      bk_set_error (error, BK_ERROR_NOT_FOUND, "“%s” has no seek table", name);
      return NULL;
    }
  if (!read_at (fd, name, file_bytes - sizeof footer, footer, sizeof footer, error))
    return NULL;
  if (get_u32 (footer + 5) != SEEKABLE_MAGIC)
    {
      bk_set_error (error, BK_ERROR_NOT_FOUND, "“%s” has no seek table", name);
      return NULL;
    }

  guint32 frames_count = get_u32 (footer);
  gsize entry_bytes = (footer[4] & DESCRIPTOR_CHECKSUM) != 0 ? 12 : 8;
  guint64 entries_bytes = (guint64) frames_count * entry_bytes;
  guint64 table_bytes = SKIPPABLE_HEADER_BYTES + entries_bytes + sizeof footer;

  if ((footer[4] & DESCRIPTOR_RESERVED) != 0)
    return broken (error, name, _ ("reserved bits are set")), NULL;
  if (frames_count > BK_SEEK_TABLE_FRAMES_MAX)
    return broken (error, name, _ ("it has too many frames")), NULL;
  if (table_bytes > file_bytes)
    return broken (error, name, _ ("it is longer than the file")), NULL;

  g_autofree guint8 *bytes = g_malloc (SKIPPABLE_HEADER_BYTES + entries_bytes);
  if (!read_at (fd, name, file_bytes - table_bytes, bytes, SKIPPABLE_HEADER_BYTES + entries_bytes,
                error))
    return NULL;
  if (get_u32 (bytes) != SKIPPABLE_MAGIC ||
      get_u32 (bytes + 4) != entries_bytes + BK_SEEK_TABLE_FOOTER_BYTES)
    return broken (error, name, _ ("its beginning does not match its end")), NULL;

  g_autoptr (BkSeekTable) table = g_new0 (BkSeekTable, 1);
  table->frames_count = frames_count;
  table->points = g_new (BkSeekPoint, (gsize) frames_count + 1);
  if (!read_points (table, bytes + SKIPPABLE_HEADER_BYTES, entry_bytes, file_bytes - table_bytes,
                    name, error))
    return NULL;
  return g_steal_pointer (&table);
}

void
bk_seek_table_free (BkSeekTable *table)
{
  g_free (table->points);
  g_free (table);
}
