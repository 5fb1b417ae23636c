#include "store/log/source.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define READ_BYTES (16 * 1024)

/**
 * bk_log_source_new:
 * @offset_bytes: where to begin: at a line
 */
BkLogSource *
bk_log_source_new (const char *name, guint64 offset_bytes)
{
  BkLogSource *self = g_new0 (BkLogSource, 1);

  self->name = g_strdup (name);
  self->offset_bytes = offset_bytes;
  self->buffer = g_byte_array_new ();
  return self;
}

void
bk_log_source_free (BkLogSource *source)
{
  g_free (source->name);
  g_clear_pointer (&source->head, bk_log_line_free);
  g_byte_array_unref (source->buffer);
  g_free (source);
}

static void
forget_consumed (BkLogSource *source)
{
  if (source->consumed_bytes > 0)
    g_byte_array_remove_range (source->buffer, 0, (guint) source->consumed_bytes);
  source->offset_bytes += source->consumed_bytes;
  source->consumed_bytes = 0;
}

/* Reads on behind what the buffer holds. @got_bytes is 0 at the end of the file. */
static gboolean
fill (BkLogSource *source, int log_dirfd, gsize *got_bytes, GError **error)
{
  g_autoptr (GError) local = NULL;
  autofd int fd = bk_open_file_at (log_dirfd, source->name, &local);
  struct stat st;

  *got_bytes = 0;
  if (fd < 0)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE; /* its days of keeping are over */
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  forget_consumed (source);
  if (fstat (fd, &st) == 0 && (guint64) st.st_size < source->offset_bytes)
    {
      /* Someone emptied it: what stands there now is new. */
      source->offset_bytes = 0;
      g_byte_array_set_size (source->buffer, 0);
    }

  guint length = source->buffer->len;
  ssize_t n;
  g_byte_array_set_size (source->buffer, length + READ_BYTES);
  do
    n = pread (fd, source->buffer->data + length, READ_BYTES,
               (off_t) (source->offset_bytes + length));
  while (n < 0 && errno == EINTR);
  g_byte_array_set_size (source->buffer, length + (guint) MAX (n, 0));
  if (n < 0)
    return bk_error_set_errno (error, errno, "Reading the log “%s” failed", source->name);
  *got_bytes = (gsize) n;
  return TRUE;
}

/* The next whole line in the buffer, ended by a NUL in place of its newline. */
static char *
take_line (BkLogSource *source, gsize *length_bytes)
{
  while (source->consumed_bytes < source->buffer->len)
    {
      char *start = (char *) source->buffer->data + source->consumed_bytes;
      gsize left_bytes = source->buffer->len - source->consumed_bytes;
      char *newline = memchr (start, '\n', left_bytes);

      if (newline == NULL && left_bytes < BK_LOG_LINE_MAX_BYTES)
        return NULL;
      if (newline == NULL)
        {
          source->consumed_bytes += left_bytes;
          source->skips_line = TRUE;
          return NULL;
        }
      *newline = '\0';
      *length_bytes = (gsize) (newline - start);
      source->consumed_bytes += *length_bytes + 1;
      if (!source->skips_line)
        return start;
      source->skips_line = FALSE;
    }
  return NULL;
}

/**
 * bk_log_source_advance:
 *
 * Moves head to the next line that @filter lets through, or to %NULL when there is none yet. A
 * last line without its newline is left where it is: its writer may not be done. A line that
 * cannot be read as one (torn, foreign) is passed over.
 *
 * Errors: of reading, and cancellation.
 */
gboolean
bk_log_source_advance (BkLogSource *source,
                       int log_dirfd,
                       const BkLogFilter *filter,
                       const BkLogPrefilter *prefilter,
                       GCancellable *cancellable,
                       GError **error)
{
  gsize got_bytes;

  g_clear_pointer (&source->head, bk_log_line_free);
  do
    {
      gsize length_bytes;
      char *text;

      while ((text = take_line (source, &length_bytes)) != NULL)
        {
          if (length_bytes == 0 || !bk_log_prefilter_may_match (prefilter, text))
            continue;

          g_autoptr (BkLogLine) line = bk_log_line_from_text (text, length_bytes, NULL);
          if (line == NULL || !bk_log_filter_matches (filter, line))
            continue;
          source->head = g_steal_pointer (&line);
          return TRUE;
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !fill (source, log_dirfd, &got_bytes, error))
        return FALSE;
    }
  while (got_bytes > 0);
  return TRUE;
}
