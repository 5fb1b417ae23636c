#include "store/event-log/event-log.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * event-writer DATA_DIR NAME COUNT BATCH SEGMENT PAUSE: appends COUNT events (0: until it is killed) about
 * NAME-1, NAME-2 and so on, BATCH at a time, SEGMENT to a segment, and prints the number of the last
 * one once they are acknowledged. Then it rests, PAUSE microseconds for each.
 */

#define BATCH_MAX 100

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 7)
    return 2;

  guint64 count = g_ascii_strtoull (argv[3], NULL, 10);
  guint batch = CLAMP ((guint) g_ascii_strtoull (argv[4], NULL, 10), 1, BATCH_MAX);
  gulong pause_usecs = (gulong) g_ascii_strtoull (argv[6], NULL, 10);
  const BkEventLogLimits limits = { MAX (g_ascii_strtoull (argv[5], NULL, 10), 1), 50, 0 };
  g_autoptr (BkEventLog) log = bk_event_log_open (argv[1], &limits, &error);

  for (guint64 done = 0; log != NULL && (count == 0 || done < count);)
    {
      char ids[BATCH_MAX][64];
      BkEventRecord records[BATCH_MAX];
      guint n = count == 0 ? batch : (guint) MIN (batch, count - done);

      for (guint i = 0; i < n; i++)
        {
          g_snprintf (ids[i], sizeof ids[i], "%s-%" G_GUINT64_FORMAT, argv[2], done + i + 1);
          records[i] = (BkEventRecord){ argv[2], BK_EVENT_CREATED, "vm", ids[i], NULL };
        }
      if (!bk_event_log_append (log, records, n, &error))
        break;
      done += n;
      printf ("%" G_GUINT64_FORMAT "\n", done);
      fflush (stdout);
      g_usleep (pause_usecs * n);
    }
  if (error == NULL)
    return 0;
  fprintf (stderr, "%s\n", error->message);
  return 1;
}
