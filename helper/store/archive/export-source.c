#include "store/archive/export-source.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/quantity.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

/* One read. It stays in the processor's cache while it is hashed and copied. */
#define READ_BYTES (256 * 1024)

/* What is exported can be a disk with secrets on it. */
#define MEMBER_MODE 0600

typedef struct
{
  struct archive *archive;
  BkExportTarget target;
  BkSha256 *sha256;
  const char *options; /* of the format */
} Writer;

static void
set_reader_gone (struct archive *archive)
{
  archive_set_error (archive, ECANCELED, "The reader is gone");
}

static la_ssize_t
on_write (struct archive *archive, void *user_data, const void *data, size_t length_bytes)
{
  Writer *writer = user_data;

  if (writer->target.bytes (data, length_bytes, writer->target.user_data))
    return (la_ssize_t) length_bytes;
  set_reader_gone (archive);
  return -1;
}

static gboolean
set_archive_error (Writer *writer, const char *member, GError **error)
{
  const char *reason = archive_error_string (writer->archive);
  BkError code =
      archive_errno (writer->archive) == ECANCELED ? BK_ERROR_CANCELLED : BK_ERROR_FAILED;

  bk_set_error (error, code, "“%s” cannot be put into the archive: %s", member,
                reason != NULL ? reason : _ ("libarchive does not say why"));
  return FALSE;
}

static gboolean
write_header (Writer *writer, const BkExportFile *file, GError **error)
{
  struct archive_entry *entry = archive_entry_new ();

  archive_entry_set_pathname (entry, file->member);
  archive_entry_set_size (entry, (la_int64_t) file->size_bytes);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, MEMBER_MODE);
  archive_entry_set_uname (entry, "root");
  archive_entry_set_gname (entry, "root");
  archive_entry_set_mtime (entry, file->modified_usecs / G_USEC_PER_SEC, 0);
  int status = archive_write_header (writer->archive, entry);
  archive_entry_free (entry);
  return status == ARCHIVE_OK || set_archive_error (writer, file->member, error);
}

static gboolean
write_data (
    Writer *writer, const char *member, const void *data, gsize length_bytes, GError **error)
{
  const guint8 *p = data;

  while (length_bytes > 0)
    {
      la_ssize_t n = archive_write_data (writer->archive, p, length_bytes);

      if (n <= 0)
        return set_archive_error (writer, member, error);
      p += n;
      length_bytes -= (gsize) n;
    }
  return TRUE;
}

static gboolean
is_corrupt (const char *member, const char *how, GError **error)
{
  bk_set_error (error, BK_ERROR_INTEGRITY,
                "“%s” is corrupt: %s. What was exported up to here must not be used.", member, how);
  return FALSE;
}

static gboolean
read_some (int fd,
           guint8 *buffer,
           const char *member,
           guint64 offset,
           gsize wanted_bytes,
           gsize *got_bytes,
           GError **error)
{
  ssize_t n;

  do
    n = pread (fd, buffer, wanted_bytes, (off_t) offset);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return bk_error_set_errno (error, errno, "Reading “%s” failed", member);
  *got_bytes = (gsize) n;
  return TRUE;
}

/* Exactly the recorded size: libarchive would pad what is short and cut what is long, and call
 * both well. What is read goes where the target wants it, as libarchive gives a member's data on
 * without copying them. */
static gboolean
write_contents (Writer *writer, int fd, const BkExportFile *file, GError **error)
{
  guint64 offset = 0;
  gsize got_bytes = 0;

  bk_sha256_reset (writer->sha256);
  while (offset < file->size_bytes)
    {
      gsize room_bytes = 0;
      guint8 *room = writer->target.room (&room_bytes, writer->target.user_data);
      gsize wanted_bytes = (gsize) MIN (MIN (READ_BYTES, room_bytes), file->size_bytes - offset);

      if (room == NULL)
        {
          set_reader_gone (writer->archive);
          return set_archive_error (writer, file->member, error);
        }
      if (!read_some (fd, room, file->member, offset, wanted_bytes, &got_bytes, error))
        return FALSE;
      if (got_bytes == 0)
        return is_corrupt (file->member, _ ("it ended before its recorded size"), error);
      bk_sha256_update (writer->sha256, room, got_bytes);
      if (!write_data (writer, file->member, room, got_bytes, error))
        return FALSE;
      offset += got_bytes;
    }

  guint8 more;
  if (!read_some (fd, &more, file->member, offset, 1, &got_bytes, error))
    return FALSE;
  if (got_bytes > 0)
    return is_corrupt (file->member, _ ("it grew beyond its recorded size"), error);

  g_autofree char *sha256 = bk_sha256_finish_hex (writer->sha256);
  if (strcmp (sha256, file->sha256) != 0)
    return is_corrupt (file->member, _ ("its SHA-256 is not the recorded one"), error);
  return TRUE;
}

static gboolean
write_file (Writer *writer, BkRepository *repository, const BkExportFile *file, GError **error)
{
  g_autoptr (GError) local = NULL;
  /* By way of its directory: a project can lie outside the repository (its location). */
  autofd int directory = bk_repository_open_directory (repository, file->directory, &local);
  autofd int fd = directory < 0 ? -1 : bk_open_file_at (directory, file->path, &local);
  struct stat st;

  if (fd < 0)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return is_corrupt (file->member, _ ("it is missing"), error);
      bk_propagate_prefixed_error (error, g_steal_pointer (&local),
                                   "“%s” cannot be exported: ", file->member);
      return FALSE;
    }
  if (fstat (fd, &st) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be read", file->member);
  if ((guint64) st.st_size != file->size_bytes)
    {
      g_autofree char *how =
          g_strdup_printf (_ ("it has %s bytes and %s are recorded"),
                           BK_NUMBER ((guint64) st.st_size), BK_NUMBER (file->size_bytes));
      return is_corrupt (file->member, how, error);
    }
  posix_fadvise (fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return write_header (writer, file, error) && write_contents (writer, fd, file, error);
}

static gboolean
write_members (Writer *writer,
               BkRepository *repository,
               GPtrArray *files,
               GBytes *manifest,
               gint64 now_usecs,
               GError **error)
{
  gsize length_bytes;
  const void *data = g_bytes_get_data (manifest, &length_bytes);
  const BkExportFile first = { .member = (char *) BK_EXPORT_MANIFEST_NAME,
                               .size_bytes = length_bytes,
                               .modified_usecs = now_usecs };

  if (archive_write_set_format_pax_restricted (writer->archive) != ARCHIVE_OK ||
      archive_write_set_options (writer->archive, writer->options) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block (writer->archive, 0) != ARCHIVE_OK ||
      archive_write_open (writer->archive, writer, NULL, on_write, NULL) != ARCHIVE_OK)
    return set_archive_error (writer, first.member, error);
  if (!write_header (writer, &first, error) ||
      !write_data (writer, first.member, data, length_bytes, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      if (!write_file (writer, repository, g_ptr_array_index (files, i), error))
        return FALSE;
    }
  return archive_write_close (writer->archive) == ARCHIVE_OK ||
         set_archive_error (writer, _ ("its end"), error);
}

static gboolean
discard (const void *data, gsize length_bytes, gpointer user_data)
{
  return TRUE;
}

/**
 * bk_export_write_tar:
 * @repository: what members' names are relative to
 * @files: (element-type BkExportFile): in their order
 * @manifest: the first member
 * @now_usecs: the time it bears
 * @target: given the bytes of a pax archive; when something is wrong it is not given its end
 *
 * Errors: %BK_ERROR_INTEGRITY, naming it, for a file that is not what was recorded about it;
 *   %BK_ERROR_CANCELLED when @target has enough.
 */
gboolean
bk_export_write_tar (BkRepository *repository,
                     GPtrArray *files,
                     GBytes *manifest,
                     gint64 now_usecs,
                     const BkExportTarget *target,
                     GError **error)
{
  /* libarchive turns names into UTF-8 by the thread's locale, and ends the program where that is
   * “C” and a name is not ASCII. Where no UTF-8 locale is to be had, names go in as bytes, which
   * GNU tar remarks upon. */
  locale_t utf8 = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
  locale_t before = uselocale (utf8);
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();
  Writer writer = { archive_write_new (), *target, sha256,
                    utf8 != (locale_t) 0 ? "hdrcharset=UTF-8" : "hdrcharset=BINARY" };
  gboolean success = write_members (&writer, repository, files, manifest, now_usecs, error);

  /* Freeing closes an archive that is not closed, which would pad the member and end it well. */
  writer.target.bytes = discard;
  archive_write_free (writer.archive);
  uselocale (before);
  if (utf8 != (locale_t) 0)
    freelocale (utf8);
  return success;
}
