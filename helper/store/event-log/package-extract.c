#include "store/event-log/package-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/write.h"
#include "format/event-segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
    return bk_event_package_refuse (error, _ ("it changed while it was read"));

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
    return bk_event_package_refuse (error, _ ("it changed while it was read"));
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
