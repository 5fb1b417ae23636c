#include "store/log/backwards.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define READ_BYTES (64 * 1024)

/* A file read from its end towards its beginning. */
typedef struct
{
  int fd;
  const BkLogFilter *filter;
  BkLogPrefilter *prefilter;
  guint64 limit_count;
  guint64 begin_bytes; /* of what is in the buffer */
  GByteArray *buffer;  /* up to a line's end, without what was looked at */
  guint64 found_bytes;
  guint64 found_count;
} Search;

static void
look_at_line (Search *search, const char *start, gsize length_bytes)
{
  g_autofree char *text = g_strndup (start, length_bytes);

  if (length_bytes == 0 || length_bytes >= BK_LOG_LINE_MAX_BYTES ||
      !bk_log_prefilter_may_match (search->prefilter, text))
    return;

  g_autoptr (BkLogLine) line = bk_log_line_from_text (text, length_bytes, NULL);
  if (line == NULL || !bk_log_filter_matches (search->filter, line))
    return;
  search->found_bytes =
      search->begin_bytes + (guint64) (start - (const char *) search->buffer->data);
  search->found_count++;
}

/* Looks at the lines in the buffer, the last one first, and leaves the one that begins before it. */
static void
look_at_buffer (Search *search)
{
  while (search->found_count < search->limit_count)
    {
      const char *data = (const char *) search->buffer->data;
      const char *newline =
          search->buffer->len == 0 ? NULL : memrchr (data, '\n', search->buffer->len);

      if (newline == NULL)
        return;
      gsize kept_bytes = (gsize) (newline - data);
      look_at_line (search, newline + 1, search->buffer->len - kept_bytes - 1);
      g_byte_array_set_size (search->buffer, (guint) kept_bytes);
    }
}

static gboolean
read_before (Search *search, const char *name, GError **error)
{
  gsize length_bytes = (gsize) MIN (READ_BYTES, search->begin_bytes);
  g_autofree guint8 *block = g_malloc (length_bytes);
  ssize_t n;

  do
    n = pread (search->fd, block, length_bytes, (off_t) (search->begin_bytes - length_bytes));
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return bk_error_set_errno (error, errno, "Reading the log “%s” failed", name);
  if ((gsize) n < length_bytes) /* someone emptied it just now */
    length_bytes = 0;
  search->begin_bytes = length_bytes == 0 ? 0 : search->begin_bytes - length_bytes;

  /* What is longer than a line can be is none: its end alone will not be taken for one. */
  if (search->buffer->len > BK_LOG_LINE_MAX_BYTES)
    g_byte_array_set_size (search->buffer, BK_LOG_LINE_MAX_BYTES);
  g_byte_array_prepend (search->buffer, block, (guint) length_bytes);
  return TRUE;
}

static gboolean
search_file (Search *search, const char *name, GCancellable *cancellable, GError **error)
{
  gboolean has_line_end = FALSE;

  while (search->begin_bytes > 0 && search->found_count < search->limit_count)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !read_before (search, name, error))
        return FALSE;
      if (!has_line_end)
        {
          /* Behind the last newline stands nothing, or a line that is not whole. */
          const char *newline = memrchr (search->buffer->data, '\n', search->buffer->len);

          has_line_end = newline != NULL;
          if (has_line_end)
            g_byte_array_set_size (search->buffer,
                                   (guint) (newline - (const char *) search->buffer->data));
        }
      if (has_line_end)
        look_at_buffer (search);
    }
  if (has_line_end && search->begin_bytes == 0 && search->found_count < search->limit_count)
    look_at_line (search, (const char *) search->buffer->data, search->buffer->len);
  return TRUE;
}

/**
 * bk_log_find_last:
 * @limit_count: how many lines are looked for
 * @offset_bytes: (out): where the first of the last @limit_count lines that match begins, or of
 *   those there are
 * @found_count: (out): how many match from there on
 *
 * Reads from the end, and no more than it must: the last lines of a long log come at once.
 */
gboolean
bk_log_find_last (int log_dirfd,
                  const char *name,
                  const BkLogFilter *filter,
                  guint64 limit_count,
                  guint64 *offset_bytes,
                  guint64 *found_count,
                  GCancellable *cancellable,
                  GError **error)
{
  autofd int fd = bk_open_file_at (log_dirfd, name, error);
  g_autoptr (BkLogPrefilter) prefilter = bk_log_prefilter_new (filter);
  g_autoptr (GByteArray) buffer = g_byte_array_new ();
  struct stat st;

  if (fd < 0)
    return FALSE;
  if (fstat (fd, &st) < 0)
    return bk_error_set_errno (error, errno, "The log “%s” cannot be read", name);

  Search search = { fd, filter, prefilter, limit_count, (guint64) st.st_size, buffer };
  search.found_bytes = (guint64) st.st_size;
  if (!search_file (&search, name, cancellable, error))
    return FALSE;
  *offset_bytes = search.found_bytes;
  *found_count = search.found_count;
  return TRUE;
}
