#include "store/log-reader.h"

#include "base/path.h"

#include <string.h>

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  return -strcmp (bk_log_file_name_date (*(const char *const *) a),
                  bk_log_file_name_date (*(const char *const *) b));
}

static gboolean
count_matches (BkLogReader *reader, guint64 *count, GCancellable *cancellable, GError **error)
{
  BkLogLine *line;

  while (TRUE)
    {
      if (!bk_log_reader_next (reader, &line, cancellable, error))
        return FALSE;
      if (line == NULL)
        return TRUE;
      ++*count;
      bk_log_line_free (line);
    }
}

static GPtrArray *
list_logs (int log_dirfd, GError **error)
{
  g_autoptr (GPtrArray) all = bk_list_directory (log_dirfd, error);
  g_autoptr (GPtrArray) logs = g_ptr_array_new_with_free_func (g_free);

  if (all == NULL)
    return NULL;
  for (guint i = 0; i < all->len; i++)
    {
      const char *name = g_ptr_array_index (all, i);

      if (bk_log_file_name_is_valid (name))
        g_ptr_array_add (logs, g_strdup (name));
    }
  g_ptr_array_sort (logs, compare_newest_first);
  return g_steal_pointer (&logs);
}

/**
 * bk_log_reader_start_at_newest:
 * @reader: a new one
 * @limit_count: 0 is all
 *
 * Has the reader begin with the newest @limit_count lines; those that are written later follow.
 * It goes back day by day until it found so many and then reads those days again, rather than
 * keep lines: memory does not grow with @limit_count.
 */
gboolean
bk_log_reader_start_at_newest (BkLogReader *reader,
                               guint64 limit_count,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  guint64 found_count = 0;
  guint i = 0;

  if (limit_count == 0)
    return bk_log_reader_scan (reader, error);
  if (!bk_log_reader_skip_to_end (reader, error))
    return FALSE;
  names = list_logs (bk_log_reader_dirfd (reader), error);
  if (names == NULL)
    return FALSE;
  while (i < names->len && found_count < limit_count)
    {
      g_autoptr (BkLogReader) counter =
          bk_log_reader_new (bk_log_reader_dirfd (reader), bk_log_reader_filter (reader));
      const char *date = bk_log_file_name_date (g_ptr_array_index (names, i));

      for (; i < names->len &&
             strcmp (date, bk_log_file_name_date (g_ptr_array_index (names, i))) == 0;
           i++)
        {
          bk_log_reader_touch (counter, g_ptr_array_index (names, i));
          bk_log_reader_rewind (reader, g_ptr_array_index (names, i));
        }
      if (!count_matches (counter, &found_count, cancellable, error))
        return FALSE;
    }
  bk_log_reader_skip (reader, found_count > limit_count ? found_count - limit_count : 0);
  return TRUE;
}

/**
 * bk_log_query:
 * @limit_count: the newest so many of them (lines that are written while it runs come on top); 0
 *   is all
 * @func: given each line in the order of time; its %FALSE ends the query with its error
 */
gboolean
bk_log_query (int log_dirfd,
              const BkLogFilter *filter,
              guint64 limit_count,
              BkLogLineFunc func,
              gpointer user_data,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (BkLogReader) reader = bk_log_reader_new (log_dirfd, filter);

  return bk_log_reader_start_at_newest (reader, limit_count, cancellable, error) &&
         bk_log_reader_drain (reader, func, user_data, cancellable, error);
}

/**
 * bk_log_reader_drain:
 * @func: given each line that there is by now
 */
gboolean
bk_log_reader_drain (BkLogReader *reader,
                     BkLogLineFunc func,
                     gpointer user_data,
                     GCancellable *cancellable,
                     GError **error)
{
  while (TRUE)
    {
      BkLogLine *next;

      if (!bk_log_reader_next (reader, &next, cancellable, error))
        return FALSE;

      g_autoptr (BkLogLine) line = next;
      if (line == NULL)
        return TRUE;
      if (!func (line, user_data, error))
        return FALSE;
    }
}
