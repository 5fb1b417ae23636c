#include "store/event-log/package.h"

#include "base/error.h"
#include "store/archive/gzip-writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

struct _BkEventPackageWriter
{
  struct archive *tar;
  BkGzipWriter *gzip;
  BkSha256 *sha256; /* of the file being written */
  gint64 now_usecs;
  char *where;
  GError *failure; /* of the callback: libarchive keeps only a number */
};

static la_ssize_t
write_compressed (struct archive *tar, void *user_data, const void *data, size_t length_bytes)
{
  BkEventPackageWriter *writer = user_data;

  g_clear_error (&writer->failure);
  if (bk_gzip_writer_write (writer->gzip, data, length_bytes, &writer->failure))
    return (la_ssize_t) length_bytes;
  archive_set_error (tar, EIO, "write failed");
  return -1;
}

/**
 * bk_event_package_writer_new:
 * @fd: an empty file; stays the caller's
 * @where: the directory that it is in: it has no name of its own yet
 * @now_usecs: the time its members have
 */
BkEventPackageWriter *
bk_event_package_writer_new (int fd, const char *where, gint64 now_usecs)
{
  BkEventPackageWriter *self = g_new0 (BkEventPackageWriter, 1);

  self->gzip = bk_gzip_writer_new (fd, where);
  self->where = g_strdup (where);
  self->sha256 = bk_sha256_new ();
  self->now_usecs = now_usecs;
  self->tar = archive_write_new ();
  archive_write_set_format_pax_restricted (self->tar);
  archive_write_set_bytes_per_block (self->tar, 64 * 1024);
  archive_write_set_bytes_in_last_block (self->tar, 1);
  archive_write_open (self->tar, self, NULL, write_compressed, NULL);
  return self;
}

void
bk_event_package_writer_free (BkEventPackageWriter *writer)
{
  if (writer->tar != NULL)
    {
      archive_write_fail (writer->tar);
      archive_write_free (writer->tar);
    }
  bk_gzip_writer_free (writer->gzip);
  bk_sha256_free (writer->sha256);
  g_clear_error (&writer->failure);
  g_free (writer->where);
  g_free (writer);
}

static gboolean
fail (BkEventPackageWriter *writer, GError **error)
{
  if (writer->failure != NULL)
    g_propagate_error (error, g_steal_pointer (&writer->failure));
  else
    bk_set_error (error, BK_ERROR_FAILED, "The package in “%s” cannot be written: %s",
                  writer->where, archive_error_string (writer->tar));
  return FALSE;
}

/**
 * bk_event_package_writer_begin:
 * @size_bytes: exactly so many must follow
 */
gboolean
bk_event_package_writer_begin (BkEventPackageWriter *writer,
                               const char *path,
                               guint64 size_bytes,
                               GError **error)
{
  struct archive_entry *entry = archive_entry_new ();

  archive_entry_set_pathname (entry, path);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0600);
  archive_entry_set_size (entry, (la_int64_t) size_bytes);
  archive_entry_set_mtime (entry, writer->now_usecs / G_USEC_PER_SEC, 0);
  int status = archive_write_header (writer->tar, entry);
  archive_entry_free (entry);
  bk_sha256_reset (writer->sha256);
  return status == ARCHIVE_OK || fail (writer, error);
}

/**
 * bk_event_package_writer_write:
 *
 * Writes more of the file that bk_event_package_writer_begin() began; all in all as many bytes
 * as were said there.
 */
gboolean
bk_event_package_writer_write (BkEventPackageWriter *writer,
                               const void *data,
                               gsize length_bytes,
                               GError **error)
{
  bk_sha256_update (writer->sha256, data, length_bytes);
  return archive_write_data (writer->tar, data, length_bytes) == (la_ssize_t) length_bytes ||
         fail (writer, error);
}

/**
 * bk_event_package_writer_end:
 * @sha256_hex: (out): of the very bytes that went into the package
 */
gboolean
bk_event_package_writer_end (BkEventPackageWriter *writer,
                             char sha256_hex[BK_SHA256_HEX_LENGTH + 1],
                             GError **error)
{
  bk_sha256_finish_hex_into (writer->sha256, sha256_hex);
  return archive_write_finish_entry (writer->tar) == ARCHIVE_OK || fail (writer, error);
}

/**
 * bk_event_package_writer_close:
 * @size_bytes: (out): of the package
 * @sha256_hex: (out): of the package
 */
gboolean
bk_event_package_writer_close (BkEventPackageWriter *writer,
                               guint64 *size_bytes,
                               char sha256_hex[BK_SHA256_HEX_LENGTH + 1],
                               GError **error)
{
  if (archive_write_close (writer->tar) != ARCHIVE_OK)
    return fail (writer, error);
  g_clear_pointer (&writer->tar, archive_write_free);
  return bk_gzip_writer_close (writer->gzip, size_bytes, sha256_hex, error);
}
