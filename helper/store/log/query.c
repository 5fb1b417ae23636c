#include "store/log/reader.h"

#include "base/error.h"
#include "base/path.h"
#include "store/log/backwards.h"

#include <string.h>

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  return -strcmp (bk_log_file_name_date (*(const char *const *) a),
                  bk_log_file_name_date (*(const char *const *) b));
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

/* Has the reader begin in @name with the last @limit_count lines; @found_count grows by those. */
static gboolean
start_file (BkLogReader *reader,
            const char *name,
            guint64 limit_count,
            guint64 *found_count,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GError) local = NULL;
  guint64 offset_bytes, count;

  if (!bk_log_reader_wants (reader, name))
    return TRUE;
  if (!bk_log_find_last (bk_log_reader_dirfd (reader), name, bk_log_reader_filter (reader),
                         limit_count, &offset_bytes, &count, cancellable, &local))
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE; /* its days of keeping are over */
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *found_count += count;
  bk_log_reader_start_at (reader, name, offset_bytes);
  return TRUE;
}

/**
 * bk_log_reader_start_at_newest:
 * @reader: a new one
 * @limit_count: 0 is all
 *
 * Has the reader begin with the newest @limit_count lines; those that are written later follow.
 * It goes back day by day until it found so many. A file's last @limit_count lines are all that
 * can be among the newest of all, so that no more of it is read; no line is kept.
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
      const char *date = bk_log_file_name_date (g_ptr_array_index (names, i));

      for (; i < names->len &&
             strcmp (date, bk_log_file_name_date (g_ptr_array_index (names, i))) == 0;
           i++)
        {
          if (!start_file (reader, g_ptr_array_index (names, i), limit_count, &found_count,
                           cancellable, error))
            return FALSE;
        }
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
