#include "store/log-reader.h"

#include "base/path.h"

#include <string.h>

#define DATE_LENGTH 10

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

/* Goes back day by day until @limit_count lines are found. @names then ends with the day they
 * begin in; @skip_count: so many lines of the files in @names come before them. */
static gboolean
find_beginning (int log_dirfd,
                const BkLogFilter *filter,
                guint64 limit_count,
                GPtrArray *names,
                guint64 *skip_count,
                GCancellable *cancellable,
                GError **error)
{
  guint64 found_count = 0;
  guint i = 0;

  while (i < names->len && found_count < limit_count)
    {
      g_autoptr (BkLogReader) reader = bk_log_reader_new (log_dirfd, filter);
      const char *date = bk_log_file_name_date (g_ptr_array_index (names, i));

      for (; i < names->len &&
             strcmp (date, bk_log_file_name_date (g_ptr_array_index (names, i))) == 0;
           i++)
        bk_log_reader_touch (reader, g_ptr_array_index (names, i));
      if (!count_matches (reader, &found_count, cancellable, error))
        return FALSE;
    }
  g_ptr_array_set_size (names, (int) i);
  *skip_count = found_count > limit_count ? found_count - limit_count : 0;
  return TRUE;
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
 * bk_log_query:
 * @limit_count: the newest so many of them (lines that are written while it runs come on top); 0
 *   is all
 * @func: given each line in the order of time; its %FALSE ends the query with its error
 *
 * Reads what it needs twice rather than keep lines: memory does not grow with @limit_count.
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
  g_autoptr (GPtrArray) names = list_logs (log_dirfd, error);
  guint64 skip_count = 0;

  if (names == NULL || (limit_count > 0 && !find_beginning (log_dirfd, filter, limit_count, names,
                                                            &skip_count, cancellable, error)))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    bk_log_reader_touch (reader, g_ptr_array_index (names, i));

  while (TRUE)
    {
      BkLogLine *next;

      if (!bk_log_reader_next (reader, &next, cancellable, error))
        return FALSE;

      g_autoptr (BkLogLine) line = next;
      if (line == NULL)
        return TRUE;
      if (skip_count > 0)
        skip_count--;
      else if (!func (line, user_data, error))
        return FALSE;
    }
}
