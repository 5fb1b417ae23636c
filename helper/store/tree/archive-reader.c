#include "store/tree/archive.h"

#include "base/error.h"
#include "base/gettext.h"
#include "model/tree-path.h"
#include "store/archive/source.h"
#include "store/tree/archive-member.h"

#include <archive.h>
#include <errno.h>
#include <string.h>

/* Every tar ends with two blocks of zeros; one that does not was cut off. */
#define TAR_END_BYTES 1024

struct _BkTreeArchiveReader
{
  char *name;
  BkArchiveSource *source;
  guint *starts; /* frames that begin at a member */
  guint starts_count;

  struct archive *archive; /* NULL before the first member is asked for */
  struct archive_entry *entry;
  gboolean has_content; /* of the member, still to be read */
  BkTreeArchiveMember member;
  char *path;
  char *last_path; /* of the member before, when they are read in turn */
  GError *source_error;
  guint8 tail[TAR_END_BYTES];
};

static gboolean
broken (BkTreeArchiveReader *reader, GError **error, const char *path, const char *why)
{
  g_autofree char *line = bk_error_one_line (path == NULL ? "" : path);

  bk_set_error (error, BK_ERROR_INTEGRITY, "The archive “%s” is broken at “%s”: %s", reader->name,
                line, why);
  return FALSE;
}

static gboolean
archive_failed (BkTreeArchiveReader *reader, GError **error)
{
  if (reader->source_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reader->source_error));
      return FALSE;
    }

  const char *why = archive_error_string (reader->archive);
  g_autofree char *line = bk_error_one_line (why == NULL ? _ ("it is no tar") : why);
  return broken (reader, error, reader->path, line);
}

static la_ssize_t
on_read (struct archive *archive, void *user_data, const void **data)
{
  BkTreeArchiveReader *reader = user_data;
  gssize n = bk_archive_source_read (reader->source, data, &reader->source_error);

  if (n < 0)
    {
      archive_set_error (archive, EIO, "%s", reader->source_error->message);
      return ARCHIVE_FATAL;
    }
  if (n >= TAR_END_BYTES)
    memcpy (reader->tail, (const guint8 *) *data + n - TAR_END_BYTES, TAR_END_BYTES);
  else if (n > 0)
    {
      memmove (reader->tail, reader->tail + n, TAR_END_BYTES - (gsize) n);
      memcpy (reader->tail + TAR_END_BYTES - n, *data, (gsize) n);
    }
  return n;
}

static void
close_archive (BkTreeArchiveReader *reader)
{
  g_clear_pointer (&reader->archive, archive_read_free);
  g_clear_error (&reader->source_error);
  g_clear_pointer (&reader->last_path, g_free);
  g_clear_pointer (&reader->path, g_free);
  reader->has_content = FALSE;
}

static gboolean
open_archive (BkTreeArchiveReader *reader, guint frame, gboolean is_glimpse, GError **error)
{
  close_archive (reader);
  bk_archive_source_rewind (reader->source, frame, is_glimpse);
  memset (reader->tail, 0xff, sizeof reader->tail);
  reader->archive = archive_read_new ();
  archive_read_support_format_tar (reader->archive);
  archive_read_support_format_empty (reader->archive);
  if (archive_read_open (reader->archive, reader, NULL, on_read, NULL) != ARCHIVE_OK)
    return archive_failed (reader, error);
  return TRUE;
}

/* The frames that begin at a member: see store/tree/archive.h. The last one is the tar's end. */
static void
find_starts (BkTreeArchiveReader *reader)
{
  const BkSeekTable *table = bk_archive_source_get_table (reader->source);

  reader->starts = g_new (guint, MAX (table->frames_count, 1));
  for (guint i = 0; i + 1 < table->frames_count; i++)
    {
      if (table->points[i].plain_offset_bytes % 512 == 0)
        reader->starts[reader->starts_count++] = i;
    }
}

/**
 * bk_tree_archive_reader_new:
 * @fd: (transfer full): the archive; closed with the reader, also when this fails
 * @name: what to call it in an error
 *
 * Errors: %BK_ERROR_INTEGRITY, with the reason, for what is no archive of ours.
 *
 * Returns: (transfer full) (nullable): the reader, before the first member.
 */
BkTreeArchiveReader *
bk_tree_archive_reader_new (int fd, const char *name, GError **error)
{
  BkArchiveSource *source = bk_archive_source_new (fd, name, error);

  if (source == NULL)
    return NULL;

  BkTreeArchiveReader *self = g_new0 (BkTreeArchiveReader, 1);
  self->source = source;
  self->name = g_strdup (name);
  bk_tree_member_init (&self->member);
  if (bk_tree_archive_reader_can_seek (self))
    find_starts (self);
  return self;
}

void
bk_tree_archive_reader_free (BkTreeArchiveReader *reader)
{
  close_archive (reader);
  g_clear_pointer (&reader->source, bk_archive_source_free);
  bk_tree_member_clear (&reader->member);
  g_free (reader->starts);
  g_free (reader->name);
  g_free (reader);
}

/**
 * bk_tree_archive_reader_can_seek:
 *
 * Returns: whether bk_tree_archive_reader_find() costs a search and not a reading of everything.
 */
gboolean
bk_tree_archive_reader_can_seek (BkTreeArchiveReader *reader)
{
  return bk_archive_source_get_table (reader->source) != NULL;
}

/**
 * bk_tree_archive_reader_get_bytes_read:
 *
 * Returns: of the file, packed as it is: what the reading has cost.
 */
guint64
bk_tree_archive_reader_get_bytes_read (BkTreeArchiveReader *reader)
{
  return bk_archive_source_get_bytes_read (reader->source);
}

static gboolean
take_path (BkTreeArchiveReader *reader, GError **error)
{
  const char *why;
  char *path = bk_tree_member_dup_path (reader->entry, &why);

  if (path == NULL)
    return broken (reader, error, reader->path, why);
  g_free (reader->path);
  reader->path = path;
  return TRUE;
}

static gboolean
take_member (BkTreeArchiveReader *reader, GError **error)
{
  const char *why = bk_tree_member_fill (&reader->member, reader->entry, reader->path);

  if (why != NULL)
    return broken (reader, error, reader->path, why);
  reader->has_content = S_ISREG (reader->member.mode) && reader->member.hardlink_target == NULL;
  return TRUE;
}

static gboolean
check_end (BkTreeArchiveReader *reader, GError **error)
{
  static const guint8 zeros[TAR_END_BYTES];
  const void *data;
  la_ssize_t n;

  do
    n = on_read (reader->archive, reader, &data);
  while (n > 0);
  if (n < 0)
    return archive_failed (reader, error);
  if (memcmp (reader->tail, zeros, sizeof zeros) != 0)
    return broken (reader, error, reader->path, _ ("it was cut off after it"));
  return TRUE;
}

/* Reads a header; *found is FALSE at the end of the tar. */
static gboolean
next_header (BkTreeArchiveReader *reader, gboolean *found, GError **error)
{
  int status = archive_read_next_header (reader->archive, &reader->entry);

  *found = status == ARCHIVE_OK || status == ARCHIVE_WARN;
  reader->has_content = FALSE;
  if (*found)
    return take_path (reader, error);
  return status == ARCHIVE_EOF || archive_failed (reader, error);
}

/**
 * bk_tree_archive_reader_next:
 * @member: (out) (transfer none) (nullable): %NULL after the last one
 *
 * The next member, in the order of the archive.
 *
 * Errors: %BK_ERROR_INTEGRITY for a broken archive, one whose members are not in order, and one
 *   that has a name that leads out of it.
 */
gboolean
bk_tree_archive_reader_next (BkTreeArchiveReader *reader,
                             const BkTreeArchiveMember **member,
                             GCancellable *cancellable,
                             GError **error)
{
  gboolean found;

  *member = NULL;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (reader->archive == NULL && !open_archive (reader, 0, FALSE, error))
    return FALSE;

  g_free (reader->last_path);
  reader->last_path = g_strdup (reader->path);
  if (!next_header (reader, &found, error))
    return FALSE;
  if (!found)
    return check_end (reader, error);
  if (reader->last_path != NULL && bk_tree_path_compare (reader->last_path, reader->path) >= 0)
    return broken (reader, error, reader->path, _ ("its members are not in order"));
  if (!take_member (reader, error))
    return FALSE;
  *member = &reader->member;
  return TRUE;
}

/* The last frame whose first member is not after @path: it holds @path if any does. */
static gboolean
find_frame (BkTreeArchiveReader *reader,
            const char *path,
            guint *frame,
            GCancellable *cancellable,
            GError **error)
{
  guint low = 0, high = reader->starts_count;

  *frame = 0;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      gboolean found;

      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !open_archive (reader, reader->starts[middle], TRUE, error) ||
          !next_header (reader, &found, error))
        return FALSE;
      if (!found)
        return broken (reader, error, NULL, _ ("a frame holds no member"));
      if (bk_tree_path_compare (reader->path, path) <= 0)
        {
          *frame = reader->starts[middle];
          low = middle + 1;
        }
      else
        high = middle;
    }
  return TRUE;
}

/**
 * bk_tree_archive_reader_find:
 * @path: of a member
 * @member: (out) (transfer none): it
 *
 * In an archive with a seek table this is a binary search over the frames, then a reading of one
 * frame; in one without, a reading from its beginning. bk_tree_archive_reader_next() goes on from
 * there.
 *
 * Errors: %BK_ERROR_NOT_FOUND when there is no such member; else as bk_tree_archive_reader_next().
 */
gboolean
bk_tree_archive_reader_find (BkTreeArchiveReader *reader,
                             const char *path,
                             const BkTreeArchiveMember **member,
                             GCancellable *cancellable,
                             GError **error)
{
  guint frame = 0;

  *member = NULL;
  if (bk_tree_archive_reader_can_seek (reader) &&
      !find_frame (reader, path, &frame, cancellable, error))
    return FALSE;
  if (!open_archive (reader, frame, FALSE, error))
    return FALSE;
  while (bk_tree_archive_reader_next (reader, member, cancellable, error))
    {
      int order = *member == NULL ? 1 : bk_tree_path_compare ((*member)->path, path);

      if (order == 0)
        return TRUE;
      if (order > 0)
        {
          g_autofree char *line = bk_error_one_line (path);

          *member = NULL;
          bk_set_error (error, BK_ERROR_NOT_FOUND, "“%s” is not in the archive “%s”", line,
                        reader->name);
          return FALSE;
        }
    }
  return FALSE;
}

/**
 * bk_tree_archive_reader_read_block:
 * @data: (out) (transfer none) (nullable): %NULL after the last block; valid until the next call
 * @offset_bytes: (out): where in the file they belong; what lies between blocks, and after the
 *   last one up to the member's size, is a hole
 *
 * Reads the content of the member that was returned last.
 *
 * Errors: as bk_tree_archive_reader_next().
 */
gboolean
bk_tree_archive_reader_read_block (BkTreeArchiveReader *reader,
                                   const void **data,
                                   gsize *length_bytes,
                                   guint64 *offset_bytes,
                                   GCancellable *cancellable,
                                   GError **error)
{
  la_int64_t offset = 0;
  int status = ARCHIVE_EOF;

  *data = NULL;
  *length_bytes = 0;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  while (reader->has_content)
    {
      status = archive_read_data_block (reader->archive, data, length_bytes, &offset);
      if (status != ARCHIVE_OK || *length_bytes > 0)
        break;
    }
  if (status != ARCHIVE_OK && status != ARCHIVE_EOF)
    return archive_failed (reader, error);
  if (status == ARCHIVE_OK && (offset < 0 || (guint64) offset > reader->member.size_bytes ||
                               *length_bytes > reader->member.size_bytes - (guint64) offset))
    return broken (reader, error, reader->path, _ ("its content is longer than its header says"));
  *offset_bytes = (guint64) offset;
  if (status == ARCHIVE_EOF)
    {
      *data = NULL;
      reader->has_content = FALSE;
    }
  return TRUE;
}
