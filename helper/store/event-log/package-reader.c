#include "store/event-log/package.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/write.h"
#include "format/event-segment.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
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

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
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
    return refuse (error, _ ("it holds a name that is not UTF-8"));

  const char *plain = without_dot (name);
  if (is_the_directory (entry, plain))
    return TRUE;
  if (archive_entry_filetype (entry) != AE_IFREG || archive_entry_hardlink (entry) != NULL)
    return refuse (error, _ ("“%s” is %s"), name, type_name (entry));
  if (strcmp (plain, BK_EVENT_MANIFEST_NAME) != 0 && !bk_event_package_path_is_known (plain))
    return refuse (error, _ ("“%s” is not a file of an event log"), name);
  if (!archive_entry_size_is_set (entry) || archive_entry_size (entry) < 0 ||
      archive_entry_sparse_count (entry) > 0)
    return refuse (error, _ ("“%s” has no plain size"), name);
  if (g_hash_table_size (reading->seen) > BK_EVENT_PACKAGE_FILES_MAX)
    return refuse (error, _ ("it holds more files than an event log can have"));

  char *key = g_strdup (plain);
  if (!g_hash_table_add (reading->seen, key))
    return refuse (error, _ ("it holds “%s” twice"), name);
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
        return refuse (error, _ ("it unpacks to more than %d times its size"), RATIO_MAX);
      if (done > size_bytes)
        break;
      if (!handler->data (buffer, (gsize) n, handler->user_data, error))
        return FALSE;
    }
  if (n < 0)
    return refuse (error, _ ("“%s” cannot be read: %s"), path, archive_error_string (reading->tar));
  if (done != size_bytes)
    return refuse (error, _ ("“%s” is not as long as the package says"), path);
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
        return refuse (error, _ ("it unpacks to more than %d times its size"), RATIO_MAX);
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
  return refuse (error, _ ("it cannot be read: %s"), archive_error_string (reading->tar));
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
    refuse (error, _ ("it is no tar compressed with gzip: %s"), archive_error_string (reading.tar));
  else
    done = read_entries (&reading, handler, error);
  archive_read_free (reading.tar);
  return done;
}

/* ---- the check: nothing is written ---- */

typedef struct
{
  BkEventManifest *found; /* the files as they are */
  BkSha256 *sha256;
  char *path;
  guint64 size_bytes;
  GByteArray *manifest; /* (nullable): the bytes of manifest.json */
  gboolean in_manifest;
} Check;

static gboolean
check_begin (const char *path, guint64 size_bytes, gpointer user_data, GError **error)
{
  Check *check = user_data;

  g_free (check->path);
  check->path = g_strdup (path);
  check->size_bytes = size_bytes;
  check->in_manifest = strcmp (path, BK_EVENT_MANIFEST_NAME) == 0;
  bk_sha256_reset (check->sha256);
  if (!check->in_manifest)
    return TRUE;
  check->manifest = g_byte_array_new ();
  return size_bytes <= BK_EVENT_MANIFEST_MAX_BYTES ||
         refuse (error, _ ("its manifest is too large"));
}

static gboolean
check_data (const void *data, gsize length_bytes, gpointer user_data, GError **error)
{
  Check *check = user_data;

  if (check->in_manifest)
    g_byte_array_append (check->manifest, data, (guint) length_bytes);
  else
    bk_sha256_update (check->sha256, data, length_bytes);
  return TRUE;
}

static gboolean
check_end (gpointer user_data, GError **error)
{
  Check *check = user_data;
  char hex[BK_SHA256_HEX_LENGTH + 1];

  if (check->in_manifest)
    return TRUE;
  bk_sha256_finish_hex_into (check->sha256, hex);
  bk_event_manifest_add (check->found, check->path, check->size_bytes, hex);
  return TRUE;
}

static gboolean
check_file (const BkEventManifest *manifest, const BkEventPackageFile *found, GError **error)
{
  const BkEventPackageFile *listed = bk_event_manifest_find (manifest, found->path);

  if (listed == NULL)
    return refuse (error, _ ("“%s” is in it, but not in its manifest"), found->path);
  if (listed->size_bytes != found->size_bytes || strcmp (listed->sha256, found->sha256) != 0)
    return refuse (error,
                   _ ("the SHA-256 or size of “%s” is not what the manifest says: it was changed"),
                   found->path);
  return TRUE;
}

static gboolean
check_files (const BkEventManifest *manifest, const BkEventManifest *found, GError **error)
{
  for (guint i = 0; i < found->files->len; i++)
    {
      if (!check_file (manifest, g_ptr_array_index (found->files, i), error))
        return FALSE;
    }
  for (guint i = 0; i < manifest->files->len; i++)
    {
      const BkEventPackageFile *listed = g_ptr_array_index (manifest->files, i);

      if (bk_event_manifest_find (found, listed->path) == NULL)
        return refuse (error, _ ("“%s” is in its manifest, but not in it"), listed->path);
    }
  return TRUE;
}

/* The manifest of the package: the one in it, or the one beside it, or both if they are the same. */
static BkEventManifest *
choose_manifest (const Check *check, GBytes *beside, GError **error)
{
  gsize length_bytes;
  const char *text;

  if (check->manifest == NULL && beside == NULL)
    {
      bk_set_error (error, BK_ERROR_NOT_FOUND,
                    "The package has no manifest, neither in it nor beside it: without one its "
                    "content cannot be checked");
      return NULL;
    }
  if (check->manifest == NULL)
    {
      text = g_bytes_get_data (beside, &length_bytes);
      return bk_event_manifest_from_json (text, length_bytes, error);
    }
  text = (const char *) check->manifest->data;
  length_bytes = check->manifest->len;
  if (beside != NULL && (g_bytes_get_size (beside) != length_bytes ||
                         memcmp (g_bytes_get_data (beside, NULL), text, length_bytes) != 0))
    {
      refuse (error, _ ("the manifest in it and the one beside it are not the same"));
      return NULL;
    }
  return bk_event_manifest_from_json (text == NULL ? "" : text, length_bytes, error);
}

/**
 * bk_event_package_check:
 * @fd: a package, hostile
 * @manifest_beside: (nullable): the file beside it, hostile
 *
 * Reads all of it, and holds size and SHA-256 of every file against the manifest. Writes nothing.
 *
 * Errors: %BK_ERROR_INTEGRITY with the reason for a package that is refused, %BK_ERROR_NOT_FOUND if
 *   there is no manifest.
 *
 * Returns: (transfer full) (nullable): its manifest.
 */
BkEventManifest *
bk_event_package_check (int fd, GBytes *manifest_beside, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkEventManifest) found = bk_event_manifest_new ();
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();
  g_autoptr (BkEventManifest) manifest = NULL;
  Check check = { .found = found, .sha256 = sha256 };
  const BkEventPackageHandler handler = { check_begin, check_data, check_end, &check };

  if (bk_event_package_read (fd, &handler, cancellable, error))
    manifest = choose_manifest (&check, manifest_beside, error);
  g_free (check.path);
  g_clear_pointer (&check.manifest, g_byte_array_unref);
  if (manifest == NULL || !check_files (manifest, found, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

/* ---- the extraction ---- */

typedef struct
{
  const BkEventManifest *manifest;
  const BkEventPackageFile *file; /* NULL while manifest.json passes by */
  int dirfd;
  int fd;
  BkSha256 *sha256;
} Extraction;

static gboolean
extract_begin (const char *path, guint64 size_bytes, gpointer user_data, GError **error)
{
  Extraction *extraction = user_data;

  extraction->file = bk_event_manifest_find (extraction->manifest, path);
  if (strcmp (path, BK_EVENT_MANIFEST_NAME) == 0)
    return TRUE;
  if (extraction->file == NULL)
    return refuse (error, _ ("it changed while it was read"));

  /* The path is one of the known ones, and the directory is new and our own. */
  extraction->fd =
      openat (extraction->dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (extraction->fd < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be restored", path);
  bk_sha256_reset (extraction->sha256);
  return TRUE;
}

static gboolean
extract_data (const void *data, gsize length_bytes, gpointer user_data, GError **error)
{
  Extraction *extraction = user_data;

  if (extraction->file == NULL)
    return TRUE;
  bk_sha256_update (extraction->sha256, data, length_bytes);
  return bk_write_all (extraction->fd, data, length_bytes) ||
         bk_error_set_errno (error, errno, "“%s” cannot be restored", extraction->file->path);
}

static gboolean
extract_end (gpointer user_data, GError **error)
{
  Extraction *extraction = user_data;
  char hex[BK_SHA256_HEX_LENGTH + 1];

  if (extraction->file == NULL)
    return TRUE;
  bk_sha256_finish_hex_into (extraction->sha256, hex);
  if (strcmp (hex, extraction->file->sha256) != 0)
    return refuse (error, _ ("it changed while it was read"));
  if (fsync (extraction->fd) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be restored", extraction->file->path);
  bk_fd_clear (&extraction->fd);
  return TRUE;
}

/**
 * bk_event_package_extract:
 * @manifest: as bk_event_package_check() gave it
 * @dirfd: a new directory
 *
 * Writes the files of the package below @dirfd, durably, and checks them again as it does.
 */
gboolean
bk_event_package_extract (
    int fd, const BkEventManifest *manifest, int dirfd, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();
  Extraction extraction = { .manifest = manifest, .dirfd = dirfd, .fd = -1, .sha256 = sha256 };
  const BkEventPackageHandler handler = { extract_begin, extract_data, extract_end, &extraction };
  autofd int log_dirfd = bk_make_directory_at (dirfd, BK_EVENT_LOG_DIRECTORY, 0700, error);

  if (log_dirfd < 0)
    return FALSE;
  gboolean done = bk_event_package_read (fd, &handler, cancellable, error);
  bk_fd_clear (&extraction.fd);
  return done && bk_sync_directory (log_dirfd, BK_EVENT_LOG_DIRECTORY, error) &&
         bk_sync_directory (dirfd, _ ("the restored log"), error);
}
