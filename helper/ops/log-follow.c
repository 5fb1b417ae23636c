#include "ops/log-follow.h"

#include "base/watch.h"

/**
 * bk_log_follow:
 * @reader: told where to begin
 * @func: given each line once, as soon as it is whole; its %FALSE ends the watch with its error
 *
 * Goes on until it is cancelled, over midnight too: a new day's file is just another change in
 * the directory.
 *
 * Returns: %FALSE, always: by cancellation or another error.
 */
gboolean
bk_log_follow (BkLogReader *reader,
               BkLogLineFunc func,
               gpointer user_data,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (BkWatch) watch = bk_watch_new (error);

  if (watch == NULL || bk_watch_add_directory (watch, bk_log_reader_dirfd (reader), error) < 0)
    return FALSE;
  /* What was written before the watch began is found by looking once more. */
  if (!bk_log_reader_scan (reader, error))
    return FALSE;
  while (bk_log_reader_drain (reader, func, user_data, cancellable, error) &&
         bk_watch_wait (watch, -1, cancellable, error))
    {
      BkWatchEvent event;

      while (bk_watch_take (watch, &event))
        {
          if (event.id >= 0)
            bk_log_reader_touch (reader, event.name);
          else if (!bk_log_reader_scan (reader, error))
            return FALSE;
        }
    }
  return FALSE;
}
