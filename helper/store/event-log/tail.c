#include "store/event-log/tail.h"

#include "base/atomic-file.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENING "[\n"

/* Enough to hold a torn write and the last complete event before it. */
#define WINDOW_BYTES (BK_EVENT_TAIL_MAX_BYTES + 2 * BK_EVENT_WRITE_MAX_BYTES)
#define READ_BYTES (256 * 1024)

static void
copy_text (char *to, gsize room, const BkText *text)
{
  gsize length = MIN (text->length_bytes, room - 1);

  memcpy (to, text->data, length);
  to[length] = '\0';
}

/**
 * bk_event_head_set:
 *
 * Makes @event the one that the next follows from.
 */
void
bk_event_head_set (BkEventHead *head, const BkEvent *event)
{
  copy_text (head->id, sizeof head->id, &event->id);
  copy_text (head->timestamp, sizeof head->timestamp, &event->timestamp);
  copy_text (head->hash, sizeof head->hash, &event->current_hash);
  head->hash_version = event->hash_version;
  head->seq = event->hash_version > 0 ? event->seq : 0;
}

static char *
read_range (int fd, const char *name, guint64 offset, gsize length_bytes, GError **error)
{
  g_autofree char *bytes = g_malloc (length_bytes + 1);
  gsize done = 0;

  while (done < length_bytes)
    {
      ssize_t n = pread (fd, bytes + done, length_bytes - done, (off_t) (offset + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          bk_error_set_errno (error, n < 0 ? errno : EIO, "Reading “%s” failed", name);
          return NULL;
        }
      done += (gsize) n;
    }
  bytes[length_bytes] = '\0';
  return g_steal_pointer (&bytes);
}

/* Lines up to the first that is not one event. What follows that event was torn, or is the closing.
 *
 * Returns: how many bytes of @window are complete events. */
static gsize
scan_lines (const char *window, gsize length_bytes, gsize start, BkEventHead *head)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  gsize good = start;
  gsize at = start;

  while (at < length_bytes)
    {
      const char *line = window + at;
      const char *line_end = memchr (line, '\n', length_bytes - at);
      gsize line_length = (line_end == NULL ? length_bytes - at : (gsize) (line_end - line));
      BkEvent event;
      gsize event_length = bk_event_parser_parse_first (parser, line, line_length, &event);

      if (event_length == 0)
        break;
      bk_event_head_set (head, &event);
      good = at + event_length;
      if (event_length + (line[event_length] == ',' ? 1 : 0) != line_length)
        break;
      at += line_length + 1;
    }
  return good;
}

static gboolean
is_closing (const char *rest, gsize length_bytes)
{
  return strspn (rest, ",\n]") == length_bytes && length_bytes <= strlen (",\n]\n");
}

static void
take_any (const BkEvent *event, gpointer user_data)
{
  bk_event_head_set (user_data, event);
}

/* A segment of another program, or one that is torn from its first event on: read as a whole. */
static gboolean
read_foreign (int fd, const char *name, BkEventTail *tail, GError **error)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  g_autoptr (GError) local_error = NULL;

  for (guint64 offset = 0; offset < tail->size_bytes && local_error == NULL;)
    {
      gsize length = MIN (READ_BYTES, tail->size_bytes - offset);
      g_autofree char *bytes = read_range (fd, name, offset, length, error);

      if (bytes == NULL)
        return FALSE;
      bk_event_parser_feed (parser, bytes, length, take_any, &tail->head, &local_error);
      offset += length;
    }
  if (local_error == NULL)
    bk_event_parser_end (parser, &local_error);
  if (local_error == NULL)
    return TRUE;
  bk_set_error (
      error, BK_ERROR_INTEGRITY,
      "The event log takes no events: “%s” cannot be read: %s. Restore the log from a cold "
      "backup",
      name, local_error->message);
  return FALSE;
}

/**
 * bk_event_tail_read:
 * @fd: a segment
 * @name: its name for an error
 * @tail: (out): zeroed, or with the head of the segment before, which an empty one keeps
 *
 * Looks at the end of the segment only, whatever its length, if its events stand one on a line.
 *
 * Errors: %BK_ERROR_INTEGRITY if nothing in it tells how the log goes on.
 */
gboolean
bk_event_tail_read (int fd, const char *name, BkEventTail *tail, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) < 0)
    return bk_error_set_errno (error, errno, "Reading “%s” failed", name);
  tail->size_bytes = (guint64) st.st_size;

  guint64 offset = tail->size_bytes - MIN (tail->size_bytes, WINDOW_BYTES);
  gsize length_bytes = (gsize) (tail->size_bytes - offset);
  g_autofree char *window = read_range (fd, name, offset, length_bytes, error);
  g_autofree char *opening =
      read_range (fd, name, 0, MIN (tail->size_bytes, strlen (OPENING)), error);
  if (window == NULL || opening == NULL)
    return FALSE;

  const char *first_end = offset == 0 ? NULL : memchr (window, '\n', length_bytes);
  gsize start = offset == 0         ? strlen (OPENING)
                : first_end != NULL ? (gsize) (first_end - window) + 1
                                    : length_bytes;
  gsize good = start;
  if (strcmp (opening, OPENING) == 0)
    good = scan_lines (window, length_bytes, MIN (start, length_bytes), &tail->head);
  if (good <= start)
    return read_foreign (fd, name, tail, error);

  tail->appendable = TRUE;
  tail->good_bytes = offset + good;
  if (!is_closing (window + good, length_bytes - good))
    tail->torn_bytes = length_bytes - good;
  return TRUE;
}

/**
 * bk_event_tail_cut:
 * @dirfd: the directory of segments
 * @sha256: (out) (transfer full): of the piece
 *
 * Keeps the torn piece in a file beside the segment, then cuts it off. The segment is left without
 * its closing, which the next write adds.
 */
gboolean
bk_event_tail_cut (
    int dirfd, int fd, const char *name, const BkEventTail *tail, char **sha256, GError **error)
{
  g_autofree char *piece = read_range (fd, name, tail->good_bytes, (gsize) tail->torn_bytes, error);
  g_autofree char *hex = NULL;

  if (piece == NULL)
    return FALSE;
  hex = bk_sha256_hex_of (piece, (gsize) tail->torn_bytes);
  g_autofree char *kept = g_strdup_printf ("%s.torn-%.16s", name, hex);

  if (!bk_atomic_write (dirfd, kept, piece, (gsize) tail->torn_bytes, 0600, error))
    return FALSE;
  if (ftruncate (fd, (off_t) tail->good_bytes) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be cut", name);
  *sha256 = g_steal_pointer (&hex);
  return TRUE;
}
