#include "store/event-log/package-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/event-segment.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (256 * 1024)

/* An event holds three hashes, which do not compress: a log shrinks to a fifth at best. What
 * unpacks to more than a hundredfold was made to fill a disk. */
#define RATIO_MAX 100
#define RATIO_FREE_BYTES (16 * 1024 * 1024)

typedef struct
{
  struct archive *tar;
  GHashTable *seen; /* of path */
  GCancellable *cancellable;
} Reading;

/**
 * bk_event_package_refuse:
 * @format: why
 *
 * Sets @error to %BK_ERROR_INTEGRITY. Returns: %FALSE.
 */
gboolean
bk_event_package_refuse (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *why = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = bk_error_one_line (why);

  bk_set_error (error, BK_ERROR_INTEGRITY, "The package is refused: %s", line);
  return FALSE;
}

static const char *
type_name (struct archive_entry *entry)
{
  if (archive_entry_hardlink (entry) != NULL)
    return _ ("a hard link");
  switch (archive_entry_filetype (entry))
    {
    case AE_IFLNK:
      return _ ("a symbolic link");
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a pipe";
    case AE_IFDIR:
      return "a directory";
    default:
      return _ ("no regular file");
    }
}

/* Archives made by hand begin their names with "./". */
static const char *
without_dot (const char *path)
{
  return g_str_has_prefix (path, "./") ? path + 2 : path;
}

static gboolean
is_the_directory (struct archive_entry *entry, const char *path)
{
  return archive_entry_filetype (entry) == AE_IFDIR && archive_entry_hardlink (entry) == NULL &&
         (*path == '\0' || strcmp (path, BK_EVENT_LOG_DIRECTORY) == 0 ||
          strcmp (path, BK_EVENT_LOG_DIRECTORY "/") == 0);
}

/* @path: (out) (nullable): of a file to take; %NULL for the directory */
static gboolean
check_entry (Reading *reading, struct archive_entry *entry, const char **path, GError **error)
{
  const char *name = archive_entry_pathname (entry);

  *path = NULL;
  if (name == NULL || !g_utf8_validate (name, -1, NULL))
    return bk_event_package_refuse (error, _ ("it holds a name that is not UTF-8"));

  const char *plain = without_dot (name);
  if (is_the_directory (entry, plain))
    return TRUE;
  if (archive_entry_filetype (entry) != AE_IFREG || archive_entry_hardlink (entry) != NULL)
    return bk_event_package_refuse (error, _ ("“%s” is %s"), name, type_name (entry));
  if (strcmp (plain, BK_EVENT_MANIFEST_NAME) != 0 && !bk_event_package_path_is_known (plain))
    return bk_event_package_refuse (error, _ ("“%s” is not a file of an event log"), name);
  if (!archive_entry_size_is_set (entry) || archive_entry_size (entry) < 0 ||
      archive_entry_sparse_count (entry) > 0)
    return bk_event_package_refuse (error, _ ("“%s” has no plain size"), name);
  if (g_hash_table_size (reading->seen) > BK_EVENT_PACKAGE_FILES_MAX)
    return bk_event_package_refuse (error, _ ("it holds more files than an event log can have"));

  char *key = g_strdup (plain);
  if (!g_hash_table_add (reading->seen, key))
    return bk_event_package_refuse (error, _ ("it holds “%s” twice"), name);
  *path = key;
  return TRUE;
}

static gboolean
is_bomb (struct archive *tar)
{
  la_int64_t packed_bytes = archive_filter_bytes (tar, -1);
  la_int64_t unpacked_bytes = archive_filter_bytes (tar, 0);

  return unpacked_bytes > RATIO_FREE_BYTES && unpacked_bytes / RATIO_MAX > packed_bytes;
}

static gboolean
read_content (Reading *reading,
              const char *path,
              guint64 size_bytes,
              const BkEventPackageHandler *handler,
              GError **error)
{
  g_autofree char *buffer = g_malloc (READ_BYTES);
  guint64 done = 0;
  la_ssize_t n;

  while ((n = archive_read_data (reading->tar, buffer, READ_BYTES)) > 0)
    {
      done += (guint64) n;
      if (g_cancellable_set_error_if_cancelled (reading->cancellable, error))
        return FALSE;
      if (is_bomb (reading->tar))
        return bk_event_package_refuse (error, _ ("it unpacks to more than %d times its size"),
                                        RATIO_MAX);
      if (done > size_bytes)
        break;
      if (!handler->data (buffer, (gsize) n, handler->user_data, error))
        return FALSE;
    }
  if (n < 0)
    return bk_event_package_refuse (error, _ ("“%s” cannot be read: %s"), path,
                                    archive_error_string (reading->tar));
  if (done != size_bytes)
    return bk_event_package_refuse (error, _ ("“%s” is not as long as the package says"), path);
  return handler->end (handler->user_data, error);
}

static gboolean
read_entries (Reading *reading, const BkEventPackageHandler *handler, GError **error)
{
  struct archive_entry *entry;
  int status;

  while ((status = archive_read_next_header (reading->tar, &entry)) == ARCHIVE_OK)
    {
      const char *path;
      guint64 size_bytes;

      if (is_bomb (reading->tar))
        return bk_event_package_refuse (error, _ ("it unpacks to more than %d times its size"),
                                        RATIO_MAX);
      if (!check_entry (reading, entry, &path, error))
        return FALSE;
      if (path == NULL)
        continue;
      size_bytes = (guint64) archive_entry_size (entry);
      if (!handler->begin (path, size_bytes, handler->user_data, error) ||
          !read_content (reading, path, size_bytes, handler, error))
        return FALSE;
    }
  if (status == ARCHIVE_EOF)
    return TRUE;
  return bk_event_package_refuse (error, _ ("it cannot be read: %s"),
                                  archive_error_string (reading->tar));
}

/**
 * bk_event_package_read:
 * @fd: a package, hostile; read from its beginning
 *
 * Gives each file in it to @handler.
 *
 * Errors: %BK_ERROR_INTEGRITY with the reason for a package that is refused.
 */
gboolean
bk_event_package_read (int fd,
                       const BkEventPackageHandler *handler,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reading reading = { archive_read_new (), seen, cancellable };
  gboolean done = FALSE;

  archive_read_support_filter_gzip (reading.tar);
  archive_read_support_format_tar (reading.tar);
  if (lseek (fd, 0, SEEK_SET) < 0)
    {
      int errnum = errno;
      g_autofree char *path = bk_fd_dup_path (fd);

      bk_error_set_errno (error, errnum, "The package “%s” cannot be read", path);
    }
  else if (archive_read_open_fd (reading.tar, fd, READ_BYTES) != ARCHIVE_OK)
    bk_event_package_refuse (error, _ ("it is no tar compressed with gzip: %s"),
                             archive_error_string (reading.tar));
  else
    done = read_entries (&reading, handler, error);
  archive_read_free (reading.tar);
  return done;
}
