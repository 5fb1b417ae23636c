#include "format/nbkm.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "format/zstd-source.h"

#include <string.h>

#define BUFFER_BYTES (256 * 1024)
#define AFTER_PATH_BYTES (8 + 8 + 4 + 1)

struct _BkNbkmReader
{
  BkZstdSource *source;
  BkSha256 *sha256;
  char *name;
  BkNbkmHeader header;
  guint64 count; /* entries handed out */
  BkTreeEntry entry;
  gboolean finished;
  gsize start; /* of what the checksum has not seen */
  gsize at;
  gsize end;
  gboolean source_ended;
  char *path; /* of entry, with a NUL */
  guint8 buffer[BUFFER_BYTES];
};

static gboolean broken (const BkNbkmReader *reader, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
broken (const BkNbkmReader *reader, GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  bk_set_error (error, BK_ERROR_INTEGRITY, "The manifest “%s” is broken: %s", reader->name, what);
  return FALSE;
}

static inline guint16
get_u16 (const guint8 *at)
{
  guint16 value;

  memcpy (&value, at, sizeof value);
  return GUINT16_FROM_LE (value);
}

static inline guint32
get_u32 (const guint8 *at)
{
  guint32 value;

  memcpy (&value, at, sizeof value);
  return GUINT32_FROM_LE (value);
}

static inline guint64
get_u64 (const guint8 *at)
{
  guint64 value;

  memcpy (&value, at, sizeof value);
  return GUINT64_FROM_LE (value);
}

/* After %TRUE, at least @length_bytes stand at reader->at, unless the source ended before. */
static gboolean
fill (BkNbkmReader *reader, gsize length_bytes, GError **error)
{
  gsize n;

  if (reader->end - reader->at >= length_bytes || reader->source_ended)
    return TRUE;

  bk_sha256_update (reader->sha256, reader->buffer + reader->start, reader->at - reader->start);
  memmove (reader->buffer, reader->buffer + reader->at, reader->end - reader->at);
  reader->end -= reader->at;
  reader->at = reader->start = 0;
  if (!bk_zstd_source_read (reader->source, reader->buffer + reader->end,
                            BUFFER_BYTES - reader->end, &n, error))
    return FALSE;
  reader->source_ended = n < BUFFER_BYTES - reader->end;
  reader->end += n;
  return TRUE;
}

/* As fill(), and it is an error if they do not. @part, in English, is what they belong to. */
static inline gboolean
need (BkNbkmReader *reader, gsize length_bytes, const char *part, GError **error)
{
  if (G_LIKELY (reader->end - reader->at >= length_bytes))
    return TRUE;
  if (!fill (reader, length_bytes, error))
    return FALSE;
  if (reader->end - reader->at >= length_bytes)
    return TRUE;
  return broken (reader, error, _ ("it is truncated in %s, after %s of %s entries"),
                 bk_gettext (part), BK_NUMBER (reader->count),
                 BK_NUMBER (reader->header.entry_count));
}

static gboolean
read_header (BkNbkmReader *reader, GError **error)
{
  const guint8 *at = reader->buffer;
  BkNbkmHeader *header = &reader->header;

  if (!need (reader, BK_NBKM_HEADER_BYTES, N_ ("its header"), error))
    return FALSE;
  if (memcmp (at, "NBKM", 4) != 0)
    return broken (reader, error, _ ("it does not begin with “NBKM”"));
  header->version = get_u16 (at + 4);
  header->flags = get_u16 (at + 6);
  header->entry_count = get_u64 (at + 8);
  header->timestamp_nsec = (gint64) get_u64 (at + 16);
  header->sequence = at[24];
  if (header->version != BK_NBKM_VERSION)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED,
                    "The manifest “%s” is of version %u; this program reads version %d",
                    reader->name, header->version, BK_NBKM_VERSION);
      return FALSE;
    }
  if (header->flags != BK_NBKM_FLAG_CUMULATIVE)
    return broken (reader, error, _ ("its flags are 0x%04x, where version 1 has 0x0001 only"),
                   header->flags);
  reader->at = BK_NBKM_HEADER_BYTES;
  return TRUE;
}

/**
 * bk_nbkm_reader_new:
 * @fd: borrowed; hostile until checked
 * @name: what to call the file in an error
 *
 * Reads and checks the header. Memory does not depend on the number of entries.
 *
 * Errors: of reading; %BK_ERROR_INTEGRITY with what is wrong; %BK_ERROR_UNSUPPORTED for another
 *   version.
 *
 * Returns: (transfer full) (nullable)
 */
BkNbkmReader *
bk_nbkm_reader_new (int fd, const char *name, GError **error)
{
  g_autoptr (BkNbkmReader) self = g_new0 (BkNbkmReader, 1);

  self->source = bk_zstd_source_new (fd, 0, G_MAXUINT64, name);
  self->sha256 = bk_sha256_new ();
  self->name = g_strdup (name);
  self->path = g_malloc0 (BK_TREE_PATH_MAX_BYTES + 1);
  self->entry.path = self->path;
  if (!read_header (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * bk_nbkm_reader_get_header:
 *
 * Returns: (transfer none): the header; only its form has been checked until the last entry has
 *   been read.
 */
const BkNbkmHeader *
bk_nbkm_reader_get_header (const BkNbkmReader *reader)
{
  return &reader->header;
}

static gboolean
read_footer (BkNbkmReader *reader, GError **error)
{
  guint8 digest[BK_SHA256_BYTES];

  if (!need (reader, BK_NBKM_FOOTER_BYTES, N_ ("its footer"), error))
    return FALSE;
  bk_sha256_update (reader->sha256, reader->buffer + reader->start, reader->at - reader->start);
  bk_sha256_finish (reader->sha256, digest);
  if (memcmp (reader->buffer + reader->at + BK_SHA256_BYTES, "NBKM", 4) != 0)
    return broken (
        reader, error,
        _ ("after %s entries, as many as its header counts, it does not end with “NBKM”"),
        BK_NUMBER (reader->count));
  if (memcmp (reader->buffer + reader->at, digest, sizeof digest) != 0)
    return broken (reader, error, _ ("its checksum is not that of its content"));
  reader->at += BK_NBKM_FOOTER_BYTES;
  reader->start = reader->at;
  if (!fill (reader, 1, error))
    return FALSE;
  if (reader->at != reader->end)
    return broken (reader, error, _ ("there are bytes after its end"));
  reader->finished = TRUE;
  return TRUE;
}

/* Whether the names of @path, the first of which begins at @from, can be names. */
static inline gboolean
names_are_valid (const char *path, gsize from, gsize length)
{
  gsize start = from;

  for (gsize i = from; i <= length; i++)
    {
      if (i < length && path[i] != '/')
        {
          if (G_UNLIKELY (path[i] == '\0'))
            return FALSE;
          continue;
        }
      if (G_UNLIKELY (i == start ||
                      (path[start] == '.' &&
                       (i - start == 1 || (i - start == 2 && path[start + 1] == '.')))))
        return FALSE;
      start = i + 1;
    }
  return TRUE;
}

/* The order of bk_tree_path_compare() where two paths begin to differ: end, '/', other bytes. */
static inline guint
rank_at (const char *path, gsize at, gsize length)
{
  if (at == length)
    return 0;
  return path[at] == '/' ? 1 : (guint) (guint8) path[at] + 2;
}

/* Neighbours share most of their path: what they share has been checked with the one before. */
static gboolean
take_path (BkNbkmReader *reader, const char *path, guint16 length, GError **error)
{
  gsize common = 0;
  gsize limit = MIN (length, reader->entry.path_length);

  for (; common + sizeof (guint64) <= limit; common += sizeof (guint64))
    {
      guint64 left, right;

      memcpy (&left, path + common, sizeof left);
      memcpy (&right, reader->path + common, sizeof right);
      if (left != right)
        break;
    }
  while (common < limit && path[common] == reader->path[common])
    common++;

  guint before = rank_at (reader->path, common, reader->entry.path_length);
  guint now = rank_at (path, common, length);
  gsize name_start = common;
  while (name_start > 0 && path[name_start - 1] != '/')
    name_start--;

  if (G_UNLIKELY (!names_are_valid (path, name_start, length)))
    return broken (reader, error, _ ("entry %s has no valid path"), BK_DIGITS (reader->count));
  memcpy (reader->path + common, path + common, length - common);
  reader->path[length] = '\0';
  if (G_LIKELY (before < now))
    return TRUE;
  return broken (reader, error,
                 _ ("entry %s is out of order: its path does not sort after the one before"),
                 BK_DIGITS (reader->count));
}

/**
 * bk_nbkm_reader_next:
 * @entry: (out) (transfer none): valid until the next call; %NULL after the last one, and only
 *   then is it certain that the manifest is whole: count and checksum have been compared
 *
 * Errors: of reading; %BK_ERROR_INTEGRITY with what is wrong. After an error there is no next.
 */
gboolean
bk_nbkm_reader_next (BkNbkmReader *reader, const BkTreeEntry **entry, GError **error)
{
  *entry = NULL;
  if (reader->count == reader->header.entry_count)
    return reader->finished || read_footer (reader, error);
  if (!need (reader, 2, N_ ("an entry"), error))
    return FALSE;

  guint16 length = get_u16 (reader->buffer + reader->at);

  if (length == 0)
    return broken (reader, error, _ ("entry %s has a path of length 0"), BK_DIGITS (reader->count));
  if (!need (reader, (gsize) 2 + length + AFTER_PATH_BYTES, N_ ("an entry"), error) ||
      !take_path (reader, (const char *) reader->buffer + reader->at + 2, length, error))
    return FALSE;

  const guint8 *at = reader->buffer + reader->at + 2 + length;

  reader->entry.path_length = length;
  reader->entry.mtime_nsec = (gint64) get_u64 (at);
  reader->entry.size_bytes = (gint64) get_u64 (at + 8);
  reader->entry.mode = get_u32 (at + 16);
  reader->entry.origin = at[20];
  if (reader->entry.size_bytes < 0)
    return broken (reader, error, _ ("entry %s has a negative size"), BK_DIGITS (reader->count));
  if (reader->entry.origin > reader->header.sequence)
    return broken (reader, error,
                   _ ("entry %s is in archive %u, which is later than this one (%u)"),
                   BK_DIGITS (reader->count), reader->entry.origin, reader->header.sequence);
  reader->at += (gsize) 2 + length + AFTER_PATH_BYTES;
  reader->count++;
  *entry = &reader->entry;
  return TRUE;
}

void
bk_nbkm_reader_free (BkNbkmReader *reader)
{
  g_clear_pointer (&reader->source, bk_zstd_source_free);
  g_clear_pointer (&reader->sha256, bk_sha256_free);
  g_free (reader->name);
  g_free (reader->path);
  g_free (reader);
}
