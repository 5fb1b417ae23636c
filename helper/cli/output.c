#include "cli/output.h"

#include "base/atomic-file.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define COPY_BYTES (256 * 1024)

static gboolean
stdout_failed (int errnum, GError **error)
{
  return bk_error_set_errno (error, errnum, "%s", _ ("Standard output cannot be written"));
}

/**
 * bk_output_print:
 * @text: a result, for standard output
 */
gboolean
bk_output_print (const char *text, GError **error)
{
  return fputs (text, stdout) >= 0 || stdout_failed (errno, error);
}

/**
 * bk_output_flush:
 *
 * Hands everything printed to the kernel; a full disk behind a redirection shows here.
 */
gboolean
bk_output_flush (GError **error)
{
  return fflush (stdout) == 0 || stdout_failed (errno, error);
}

static gboolean
copy (GInputStream *bytes,
      int fd,
      const char *name,
      guint64 *size_bytes,
      GCancellable *cancellable,
      GError **error)
{
  g_autoptr (BkBuffer) buffer = bk_buffer_new (COPY_BYTES);

  *size_bytes = 0;
  while (TRUE)
    {
      gssize n = g_input_stream_read (bytes, buffer, COPY_BYTES, cancellable, error);

      if (n <= 0)
        return n == 0;
      if (!bk_write_all (fd, buffer, (gsize) n))
        return bk_error_set_errno (error, errno, "“%s” cannot be written", name);
      *size_bytes += (guint64) n;
    }
}

static gboolean
stream_to_stdout (GInputStream *bytes,
                  guint64 *size_bytes,
                  GCancellable *cancellable,
                  GError **error)
{
  if (isatty (STDOUT_FILENO))
    {
      bk_set_error (error, BK_ERROR_USAGE,
                    "These are bytes for a file, not for a terminal; use --output FILE");
      return FALSE;
    }
  return bk_output_flush (error) &&
         copy (bytes, STDOUT_FILENO, _ ("standard output"), size_bytes, cancellable, error);
}

/* Renames the whole file to its name, for good. */
static gboolean
publish (int dirfd, int fd, const char *temporary, const char *name, GError **error)
{
  if (fsync (fd) < 0 || renameat (dirfd, temporary, dirfd, name) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be written", name);
  return bk_sync_directory (dirfd, name, error);
}

static gboolean
stream_to_file (int dirfd,
                const char *name,
                GInputStream *bytes,
                guint64 *size_bytes,
                GCancellable *cancellable,
                GError **error)
{
  g_autofree char *temporary =
      g_strdup_printf (BK_TEMPORARY_PREFIX "%s-%08x", name, g_random_int ());
  autofd int fd =
      openat (dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be written", name);
  if (copy (bytes, fd, name, size_bytes, cancellable, error) &&
      publish (dirfd, fd, temporary, name, error))
    return TRUE;
  unlinkat (dirfd, temporary, 0);
  return FALSE;
}

/**
 * bk_output_stream:
 * @path: (nullable): a file, or a directory for @file_name; standard output when %NULL or "-"
 * @written_path: (out) (transfer full) (nullable): the file, once it is there
 * @size_bytes: (out): how many bytes came
 *
 * A file is written under a temporary name and appears when it is whole. It is for its owner only:
 * backups hold whatever the machines hold.
 */
gboolean
bk_output_stream (const char *path,
                  GInputStream *bytes,
                  const char *file_name,
                  char **written_path,
                  guint64 *size_bytes,
                  GCancellable *cancellable,
                  GError **error)
{
  *written_path = NULL;
  *size_bytes = 0;
  if (path == NULL || g_str_equal (path, "-"))
    return stream_to_stdout (bytes, size_bytes, cancellable, error);

  gboolean is_directory = g_file_test (path, G_FILE_TEST_IS_DIR);
  g_autofree char *directory = is_directory ? g_strdup (path) : g_path_get_dirname (path);
  g_autofree char *name =
      is_directory ? g_path_get_basename (file_name) : g_path_get_basename (path);
  autofd int dirfd = bk_open_directory (directory, error);

  if (dirfd < 0 || !stream_to_file (dirfd, name, bytes, size_bytes, cancellable, error))
    return FALSE;
  *written_path = g_build_filename (directory, name, NULL);
  return TRUE;
}
