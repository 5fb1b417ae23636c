#include "store/log/file.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* "_YYYY-MM-DD.log" */
#define DATE_LENGTH 10
#define SUFFIX ".log"
#define TAIL_LENGTH (1 + DATE_LENGTH + 4)

/* A longer name is cut and told apart by its digest; the kernel takes 255 bytes. */
#define STEM_MAX_BYTES 200
#define STEM_DIGEST_LENGTH 16

/**
 * bk_log_dir_open:
 * @path: an absolute path that an administrator chose; made, for its owner only, if it is missing
 *
 * Returns: a directory handle, or -1 on error.
 */
int
bk_log_dir_open (const char *path, GError **error)
{
  if (!bk_make_directories (path, 0700))
    {
      bk_error_set_errno (error, errno, "The directory of logs “%s” cannot be made", path);
      return -1;
    }
  return bk_open_directory (path, error);
}

static char *
stem_of (const char *project_id)
{
  g_autofree char *line = bk_error_one_line (project_id);

  g_strdelimit (line, "/", '-');
  if (*line == '\0' || *line == '.')
    return g_strconcat ("_", line, NULL);
  if (strlen (line) <= STEM_MAX_BYTES)
    return g_steal_pointer (&line);

  g_autofree char *digest = bk_sha256_hex_of (project_id, strlen (project_id));
  g_autofree char *head = g_strndup (line, STEM_MAX_BYTES - STEM_DIGEST_LENGTH - 1);
  const char *end;

  if (!g_utf8_validate (head, -1, &end))
    head[end - head] = '\0';
  return g_strdup_printf ("%s-%.*s", head, STEM_DIGEST_LENGTH, digest);
}

/**
 * bk_log_file_name:
 * @project_id: names joined by '/'
 *
 * Returns: (transfer full): the file that lines of @project_id of that day go to.
 */
char *
bk_log_file_name (const char *project_id, gint64 now_usecs)
{
  g_autofree char *stem = stem_of (project_id);
  g_autofree char *date = bk_time_to_date (now_usecs);

  return g_strconcat (stem, "_", date, SUFFIX, NULL);
}

/**
 * bk_log_file_name_is_valid:
 * @name: an entry of the directory of logs, hostile until checked
 *
 * Returns: whether it is named as a log file is.
 */
gboolean
bk_log_file_name_is_valid (const char *name)
{
  gsize length_bytes = strlen (name);

  if (*name == '.' || length_bytes <= TAIL_LENGTH)
    return FALSE;

  const char *tail = name + length_bytes - TAIL_LENGTH;
  if (*tail != '_' || strcmp (tail + 1 + DATE_LENGTH, SUFFIX) != 0)
    return FALSE;

  g_autofree char *date = g_strndup (tail + 1, DATE_LENGTH);
  g_autofree char *midnight = g_strconcat (date, "T00:00:00.000Z", NULL);
  return bk_time_from_iso (midnight) != BK_TIME_INVALID;
}

/**
 * bk_log_file_name_date:
 * @name: a valid one
 *
 * Returns: (transfer none): its last part, which begins with the 10 characters of the day. Such
 *   texts compare as their days do.
 */
const char *
bk_log_file_name_date (const char *name)
{
  return name + strlen (name) - TAIL_LENGTH + 1;
}

/* Whether the last writer was cut off in the middle of its line, by a power cut or a full disk. */
static gboolean
ends_torn (int fd)
{
  struct stat st;
  char last;

  return fstat (fd, &st) == 0 && st.st_size > 0 && pread (fd, &last, 1, st.st_size - 1) == 1 &&
         last != '\n';
}

/**
 * bk_log_append:
 * @log_dirfd: the directory of logs
 *
 * One O_APPEND write: lines of several processes never mix. A torn last line is closed first, so
 * that it stays alone (when another process is just writing there, the file gets an empty line,
 * which readers pass over). Not made durable line by line: a log must not slow its run down.
 */
gboolean
bk_log_append (int log_dirfd, const BkLogLine *line, GError **error)
{
  g_autofree char *name = bk_log_file_name (line->project_id, line->time_usecs);
  g_autofree char *text = bk_log_line_to_text (line);
  autofd int fd = openat (log_dirfd, name,
                          O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  struct stat st;

  if (fd < 0)
    return bk_error_set_errno (error, errno, "The log “%s” cannot be opened", name);
  if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "The log “%s” is not a regular file", name);
      return FALSE;
    }
  if (ends_torn (fd))
    {
      g_autofree char *closed = g_strconcat ("\n", text, NULL);

      g_free (text);
      text = g_steal_pointer (&closed);
    }

  gsize length_bytes = strlen (text);
  ssize_t written_bytes;
  do
    written_bytes = write (fd, text, length_bytes);
  while (written_bytes < 0 && errno == EINTR);
  if (written_bytes < 0)
    return bk_error_set_errno (error, errno, "The log “%s” cannot be written", name);
  if ((gsize) written_bytes < length_bytes)
    return bk_error_set_errno (error, ENOSPC, "The log “%s” cannot be written", name);
  return TRUE;
}

/**
 * bk_log_prune:
 * @keep_days: days whose logs are kept, today among them; 0 keeps all
 * @removed_count: (out) (optional): files removed
 *
 * Removes nothing but log files.
 */
gboolean
bk_log_prune (
    int log_dirfd, guint keep_days, gint64 now_usecs, guint *removed_count, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (log_dirfd, error);
  g_autofree char *oldest =
      bk_time_to_date (now_usecs - ((gint64) keep_days - 1) * 24 * 60 * 60 * G_USEC_PER_SEC);
  guint count = 0;

  if (names == NULL)
    return FALSE;
  for (guint i = 0; keep_days > 0 && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (!bk_log_file_name_is_valid (name) ||
          strncmp (bk_log_file_name_date (name), oldest, DATE_LENGTH) >= 0)
        continue;
      if (unlinkat (log_dirfd, name, 0) < 0 && errno != ENOENT)
        return bk_error_set_errno (error, errno, "The old log “%s” cannot be removed", name);
      count++;
    }
  if (removed_count != NULL)
    *removed_count = count;
  return TRUE;
}
