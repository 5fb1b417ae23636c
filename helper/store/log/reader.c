#include "store/log/reader.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "store/log/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define DATE_LENGTH 10

struct _BkLogReader
{
  int dirfd;
  BkLogFilter *filter;
  BkLogPrefilter *prefilter;
  char *first_date; /* (nullable) of the days that can hold a line */
  char *last_date;
  GHashTable *offsets; /* name → guint64 *: where to go on in a file that was read */
  GTree *pending;      /* names to read, by day and then by name */
  GPtrArray *heap;     /* of BkLogSource, all of one day, the earliest head first */
  guint64 skip_count;  /* lines that are not handed out */
};

static int
compare_names (gconstpointer a, gconstpointer b, gpointer data)
{
  int days = strcmp (bk_log_file_name_date (a), bk_log_file_name_date (b));

  return days != 0 ? days : strcmp (a, b);
}

/**
 * bk_log_reader_new:
 * @log_dirfd: must stay open as long as the reader
 *
 * Returns: (transfer full): a reader that has no file to read yet; see bk_log_reader_scan().
 */
BkLogReader *
bk_log_reader_new (int log_dirfd, const BkLogFilter *filter)
{
  BkLogReader *self = g_new0 (BkLogReader, 1);

  self->dirfd = log_dirfd;
  self->filter = bk_log_filter_copy (filter);
  self->prefilter = bk_log_prefilter_new (filter);
  if (filter->since_usecs > 0)
    self->first_date = bk_time_to_date (filter->since_usecs);
  if (filter->until_usecs > 0)
    self->last_date = bk_time_to_date (filter->until_usecs);
  self->offsets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->pending = g_tree_new_full (compare_names, NULL, g_free, NULL);
  self->heap = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_log_source_free);
  return self;
}

void
bk_log_reader_free (BkLogReader *reader)
{
  bk_log_filter_free (reader->filter);
  bk_log_prefilter_free (reader->prefilter);
  g_free (reader->first_date);
  g_free (reader->last_date);
  g_hash_table_unref (reader->offsets);
  g_tree_unref (reader->pending);
  g_ptr_array_unref (reader->heap);
  g_free (reader);
}

/**
 * bk_log_reader_dirfd:
 *
 * Returns: the directory's handle, which @reader keeps.
 */
int
bk_log_reader_dirfd (BkLogReader *reader)
{
  return reader->dirfd;
}

/**
 * bk_log_reader_filter:
 *
 * Returns: (transfer none): what it looks for.
 */
const BkLogFilter *
bk_log_reader_filter (BkLogReader *reader)
{
  return reader->filter;
}

static gboolean
can_hold_a_match (BkLogReader *reader, const char *name)
{
  if (!bk_log_file_name_is_valid (name))
    return FALSE;

  const char *date = bk_log_file_name_date (name);
  if (reader->first_date != NULL && strncmp (date, reader->first_date, DATE_LENGTH) < 0)
    return FALSE;
  if (reader->last_date != NULL && strncmp (date, reader->last_date, DATE_LENGTH) > 0)
    return FALSE;
  if (reader->filter->project_id == NULL)
    return TRUE;

  g_autofree char *own = bk_log_file_name (reader->filter->project_id, 0);
  gsize stem_bytes = (gsize) (bk_log_file_name_date (own) - own);
  return (gsize) (date - name) == stem_bytes && strncmp (name, own, stem_bytes) == 0;
}

/**
 * bk_log_reader_touch:
 * @name: an entry of the directory that changed; any other file is none of the reader's business
 *
 * Has the reader look there again.
 */
void
bk_log_reader_touch (BkLogReader *reader, const char *name)
{
  if (can_hold_a_match (reader, name))
    g_tree_insert (reader->pending, g_strdup (name), GINT_TO_POINTER (1));
}

/**
 * bk_log_reader_scan:
 *
 * Has the reader look into every file that can hold a match.
 */
gboolean
bk_log_reader_scan (BkLogReader *reader, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (reader->dirfd, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    bk_log_reader_touch (reader, g_ptr_array_index (names, i));
  return TRUE;
}

static void
remember_offset (BkLogReader *reader, const char *name, guint64 offset_bytes)
{
  g_hash_table_insert (reader->offsets, g_strdup (name),
                       g_memdup2 (&offset_bytes, sizeof offset_bytes));
}

/* Where the last whole line ends. */
static guint64
end_of_lines (int fd, guint64 size_bytes)
{
  char tail[BK_LOG_LINE_MAX_BYTES];
  gsize length_bytes = (gsize) MIN (size_bytes, sizeof tail);
  ssize_t n = pread (fd, tail, length_bytes, (off_t) (size_bytes - length_bytes));
  const char *newline = n <= 0 ? NULL : memrchr (tail, '\n', (gsize) n);

  return newline == NULL ? size_bytes - length_bytes
                         : size_bytes - length_bytes + (guint64) (newline - tail) + 1;
}

/**
 * bk_log_reader_skip_to_end:
 *
 * Counts every line that is there now as handed out.
 */
gboolean
bk_log_reader_skip_to_end (BkLogReader *reader, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (reader->dirfd, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      autofd int fd =
          can_hold_a_match (reader, name) ? bk_open_file_at (reader->dirfd, name, NULL) : -1;
      struct stat st;

      if (fd >= 0 && fstat (fd, &st) == 0)
        remember_offset (reader, name, end_of_lines (fd, (guint64) st.st_size));
    }
  return TRUE;
}

static gboolean
is_earlier (GPtrArray *heap, guint a, guint b)
{
  const BkLogSource *left = g_ptr_array_index (heap, a);
  const BkLogSource *right = g_ptr_array_index (heap, b);

  if (left->head->time_usecs != right->head->time_usecs)
    return left->head->time_usecs < right->head->time_usecs;
  return strcmp (left->name, right->name) < 0;
}

static void
swap (GPtrArray *heap, guint a, guint b)
{
  gpointer other = heap->pdata[a];

  heap->pdata[a] = heap->pdata[b];
  heap->pdata[b] = other;
}

static void
sift_down (GPtrArray *heap, guint at)
{
  while (TRUE)
    {
      guint least = at;

      for (guint child = 2 * at + 1; child <= 2 * at + 2 && child < heap->len; child++)
        {
          if (is_earlier (heap, child, least))
            least = child;
        }
      if (least == at)
        return;
      swap (heap, at, least);
      at = least;
    }
}

static gboolean
advance (BkLogReader *reader, BkLogSource *source, GCancellable *cancellable, GError **error)
{
  gboolean success = bk_log_source_advance (source, reader->dirfd, reader->filter,
                                            reader->prefilter, cancellable, error);

  if (success && source->head == NULL)
    remember_offset (reader, source->name, source->offset_bytes + source->consumed_bytes);
  return success;
}

/* Takes the pending files of the earliest day into the heap. */
static gboolean
load_day (BkLogReader *reader, GCancellable *cancellable, GError **error)
{
  g_autofree char *date = NULL;
  GTreeNode *node;

  while ((node = g_tree_node_first (reader->pending)) != NULL)
    {
      const char *name = g_tree_node_key (node);

      if (date == NULL)
        date = g_strdup (bk_log_file_name_date (name));
      else if (strcmp (date, bk_log_file_name_date (name)) != 0)
        break;

      const guint64 *offset_bytes = g_hash_table_lookup (reader->offsets, name);
      g_autoptr (BkLogSource) source =
          bk_log_source_new (name, offset_bytes == NULL ? 0 : *offset_bytes);
      g_tree_remove (reader->pending, name);
      if (!advance (reader, source, cancellable, error))
        return FALSE;
      if (source->head != NULL)
        g_ptr_array_add (reader->heap, g_steal_pointer (&source));
    }
  for (guint i = reader->heap->len / 2; i > 0; i--)
    sift_down (reader->heap, i - 1);
  return TRUE;
}

/**
 * bk_log_reader_wants:
 *
 * Returns: whether that file can hold a line that matches.
 */
gboolean
bk_log_reader_wants (BkLogReader *reader, const char *name)
{
  return can_hold_a_match (reader, name);
}

/**
 * bk_log_reader_start_at:
 * @offset_bytes: where a line begins
 *
 * Has the reader hand out what stands in that file from there on.
 */
void
bk_log_reader_start_at (BkLogReader *reader, const char *name, guint64 offset_bytes)
{
  remember_offset (reader, name, offset_bytes);
  bk_log_reader_touch (reader, name);
}

/**
 * bk_log_reader_skip:
 *
 * Counts the next @count lines as handed out.
 */
void
bk_log_reader_skip (BkLogReader *reader, guint64 count)
{
  reader->skip_count = count;
}

static gboolean
take_earliest (BkLogReader *reader, BkLogLine **line, GCancellable *cancellable, GError **error)
{
  *line = NULL;
  while (reader->heap->len == 0 && g_tree_nnodes (reader->pending) > 0)
    {
      if (!load_day (reader, cancellable, error))
        return FALSE;
    }
  if (reader->heap->len == 0)
    return TRUE;

  BkLogSource *first = g_ptr_array_index (reader->heap, 0);
  g_autoptr (BkLogLine) head = g_steal_pointer (&first->head);
  if (!advance (reader, first, cancellable, error))
    return FALSE;
  if (first->head == NULL)
    g_ptr_array_remove_index_fast (reader->heap, 0);
  if (reader->heap->len > 0)
    sift_down (reader->heap, 0);
  *line = g_steal_pointer (&head);
  return TRUE;
}

/**
 * bk_log_reader_next:
 * @line: (out) (transfer full) (nullable): the next line; %NULL when there is no more by now
 *
 * Errors: of reading, and cancellation.
 */
gboolean
bk_log_reader_next (BkLogReader *reader,
                    BkLogLine **line,
                    GCancellable *cancellable,
                    GError **error)
{
  while (TRUE)
    {
      if (!take_earliest (reader, line, cancellable, error))
        return FALSE;
      if (*line == NULL || reader->skip_count == 0)
        return TRUE;
      reader->skip_count--;
      g_clear_pointer (line, bk_log_line_free);
    }
}
