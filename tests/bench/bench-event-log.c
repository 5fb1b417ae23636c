#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "store/event-log/event-log.h"
#include "store/event-log/view.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/*
 * Prints what the event log costs: durable appends, batched and one by one, with the disk's own
 * rate beside them; a full verification; the cost of an append to a short and to a long log; peak
 * memory. All in a directory that the caller gives and removes.
 */

#define BATCH_COUNT 500

static double
now_seconds (void)
{
  return (double) g_get_monotonic_time () / G_USEC_PER_SEC;
}

static long
peak_memory_kib (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static void
check (gboolean done, const GError *error)
{
  if (done)
    return;
  fprintf (stderr, "%s\n", error->message);
  exit (1);
}

static BkEventLog *
open_log (const char *directory)
{
  /* Nothing is pruned: the long log shall stay long. */
  static const BkEventLogLimits limits = { 10000, 1000, 0 };
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (directory, 0700);
  BkEventLog *log = bk_event_log_open (directory, &limits, &error);
  check (log != NULL, error);
  return log;
}

static void
append (BkEventLog *log, guint count, gboolean batched)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) payload = json_object_new ();
  BkEventRecord records[BATCH_COUNT];

  json_object_set_string_member (payload, "backup_id", "web1-Inc-20261120_020000");
  json_object_set_int_member (payload, "size_bytes", 104857600);
  for (guint i = 0; i < BATCH_COUNT; i++)
    records[i] = (BkEventRecord){ "admin", BK_EVENT_CREATED, "vm", "vm/web1", payload };

  guint step = batched ? BATCH_COUNT : 1;
  for (guint i = 0; i < count; i += step)
    check (bk_event_log_append (log, records, MIN (step, count - i), &error), error);
}

static double
append_seconds (const char *directory, guint count, gboolean batched)
{
  g_autoptr (BkEventLog) log = open_log (directory);
  double start = now_seconds ();

  append (log, count, batched);
  return now_seconds () - start;
}

/* As a run of the program does it: open, record one event, close. */
static double
record_seconds (const char *directory, guint count)
{
  double start = now_seconds ();

  for (guint i = 0; i < count; i++)
    {
      g_autoptr (BkEventLog) log = open_log (directory);

      append (log, 1, FALSE);
    }
  return (now_seconds () - start) / count;
}

static double
disk_rate (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "fdatasync", NULL);
  autofd int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char line[600];
  guint count = 0;
  double start = now_seconds ();

  memset (line, 'x', sizeof line);
  while (now_seconds () - start < 1.0)
    {
      if (write (fd, line, sizeof line) != sizeof line || fdatasync (fd) < 0)
        exit (1);
      count++;
    }
  double rate = count / (now_seconds () - start);
  unlink (path);
  return rate;
}

static double
verify_seconds (const char *directory, gboolean fast)
{
  g_autoptr (GError) error = NULL;
  double start = now_seconds ();
  g_autoptr (BkEventLogView) view = bk_event_log_view_open (directory, &error);

  check (view != NULL, error);
  g_autoptr (BkChainVerdict) verdict = bk_event_log_view_verify (view, fast, NULL, &error);
  check (verdict != NULL, error);
  if (verdict->fault != BK_CHAIN_SOUND)
    {
      fprintf (stderr, "%s\n", verdict->message);
      exit (1);
    }
  return now_seconds () - start;
}

int
main (int argc, char **argv)
{
  if (argc != 3)
    {
      fprintf (stderr, "usage: %s DIRECTORY EVENTS\n", argv[0]);
      return 2;
    }

  guint count = (guint) g_ascii_strtoull (argv[2], NULL, 10);
  g_autofree char *big = g_build_filename (argv[1], "big", NULL);
  g_autofree char *small = g_build_filename (argv[1], "small", NULL);
  g_autofree char *single = g_build_filename (argv[1], "single", NULL);

  append_seconds (small, 10, FALSE);
  double small_record = record_seconds (small, 200);
  double seconds = append_seconds (big, count, TRUE);
  printf ("append, %d a batch, durable      %10.0f events/s\n", BATCH_COUNT, count / seconds);
  printf ("append, one by one, durable       %10.0f events/s\n",
          2000 / append_seconds (single, 2000, FALSE));
  printf ("the disk's own fdatasync          %10.0f /s\n", disk_rate (argv[1]));
  printf ("open + record one, 10 events      %10.3f ms\n", small_record * 1000);
  printf ("open + record one, %7u events %10.3f ms\n", count,
          record_seconds (big, 200) * 1000);
  long before_kib = peak_memory_kib ();
  double full_seconds = verify_seconds (big, FALSE);
  printf ("verify in full                    %10.0f events/s\n", count / full_seconds);
  printf ("verify --fast                     %10.3f ms\n", verify_seconds (big, TRUE) * 1000);
  printf ("peak memory before verify         %10ld KiB\n", before_kib);
  printf ("peak memory after                 %10ld KiB\n", peak_memory_kib ());
  return 0;
}
