/*
 * What the walk alone costs, for tests/bench/tree: `walk bare DIR` is the yardstick, a single
 * thread with getdents64, sorting and statx and nothing else; `walk scan N DIR` is our scan with N
 * threads looking ahead; `walk nbkm-write N FILE`, `walk nbkm-write-known N FILE` (the number is known
 * before) and `walk nbkm-read FILE` are the manifest;
 * `walk time FILE COMMAND…` runs a command and writes what it took into FILE: a child of a large
 * process would count its parent's memory as its own.
 */
#include "base/error.h"
#include "base/fd.h"
#include "format/nbkm.h"
#include "store/tree/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define BATCH_COUNT 1000

static guint64 entries;
static gint64 own_usecs; /* what the benchmark itself took, in between */

static int
compare (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
walk_bare (int parent, const char *name)
{
  autofd int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  static guint8 buffer[64 * 1024];
  g_autoptr (GString) names = g_string_new (NULL);
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (gsize));
  long n;

  while (fd >= 0 && (n = syscall (SYS_getdents64, fd, buffer, sizeof buffer)) > 0)
    {
      for (long at = 0; at < n; at += *(guint16 *) (void *) (buffer + at + 16))
        {
          const char *entry = (const char *) buffer + at + 19;
          gsize offset = names->len;

          if (strcmp (entry, ".") == 0 || strcmp (entry, "..") == 0)
            continue;
          g_string_append_len (names, entry, (gssize) strlen (entry) + 1);
          g_array_append_val (offsets, offset);
        }
    }

  g_autofree const char **sorted = g_new (const char *, offsets->len);
  for (guint i = 0; i < offsets->len; i++)
    sorted[i] = names->str + g_array_index (offsets, gsize, i);
  qsort (sorted, offsets->len, sizeof *sorted, compare);
  for (guint i = 0; i < offsets->len; i++)
    {
      struct statx stx;

      entries++;
      if (statx (fd, sorted[i], AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) == 0 &&
          S_ISDIR (stx.stx_mode))
        walk_bare (fd, sorted[i]);
    }
}

static void
walk_scan (guint threads, const char *directory)
{
  char *sources[] = { (char *) directory + 1, NULL };
  BkTreeRules rules = { .sources = sources };
  g_autoptr (BkTreeScan) scan = bk_tree_scan_new (&rules, threads, NULL);

  while (bk_tree_scan_next (scan) != NULL)
    entries++;
}

/* Names, sizes and times as in a tree that was written at some time and edited since. */
static void
make_batch (guint64 first, BkTreeEntry *batch, char (*paths)[64])
{
  static guint32 seed = 1;
  static gint64 mtime = 1771034400000000000;

  for (guint64 i = 0; i < BATCH_COUNT; i++)
    {
      guint64 number = first + i;

      seed = seed * 1664525u + 1013904223u;
      mtime += (seed >> 8) % 1000000;
      int length = snprintf (paths[i], sizeof paths[i], "srv/data/d%03u/d%02u/file-%06u.dat",
                             (guint) (number / 2000), (guint) (number / 100 % 20), (guint) number);
      batch[i] =
          (BkTreeEntry){ paths[i], (guint16) length, 0, 0644, mtime, 1024 + (seed >> 16) % 3072 };
    }
}

static void
nbkm_write (guint64 count, const char *file, gboolean known)
{
  autofd int fd = open (file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkNbkmWriter) writer = bk_nbkm_writer_new (fd, 0, 0, known ? count : 0, &error);
  static BkTreeEntry batch[BATCH_COUNT];
  static char paths[BATCH_COUNT][64];

  for (guint64 i = 0; writer != NULL && error == NULL && i < count; i++)
    {
      if (i % BATCH_COUNT == 0)
        {
          gint64 begin = g_get_monotonic_time ();

          make_batch (i, batch, paths);
          own_usecs += g_get_monotonic_time () - begin;
        }
      bk_nbkm_writer_add (writer, &batch[i % BATCH_COUNT], &error);
      entries++;
    }
  if (writer == NULL || error != NULL || !bk_nbkm_writer_finish (writer, NULL, &error))
    g_error ("%s", error->message);
}

static void
nbkm_read (const char *file)
{
  autofd int fd = open (file, O_RDONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkNbkmReader) reader = bk_nbkm_reader_new (fd, file, &error);
  const BkTreeEntry *entry = NULL;

  while (reader != NULL && bk_nbkm_reader_next (reader, &entry, &error) && entry != NULL)
    entries++;
  if (error != NULL)
    g_error ("%s", error->message);
}

/* What this process and the children that it waited for gave to write calls; not what reached a disk,
 * which depends on what was in memory already. */
static guint64
written_bytes (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/io", &text, NULL, NULL) ||
      (line = strstr (text, "wchar: ")) == NULL)
    return 0;
  return g_ascii_strtoull (line + strlen ("wchar: "), NULL, 10);
}

static int
time_command (const char *file, char **argv)
{
  gint64 start = g_get_monotonic_time ();
  pid_t child = fork ();
  struct rusage usage;
  int status;

  if (child == 0)
    {
      execvp (argv[0], argv);
      _exit (127);
    }
  if (child < 0 || waitpid (child, &status, 0) != child)
    return 127;

  gdouble seconds = (gdouble) (g_get_monotonic_time () - start - own_usecs) / G_USEC_PER_SEC;
  getrusage (RUSAGE_CHILDREN, &usage);
  gdouble processor_seconds =
      (gdouble) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
      (gdouble) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
  g_autofree char *text = g_strdup_printf ("[%.6f, %.6f, %ld, %" G_GUINT64_FORMAT "]", seconds,
                                           processor_seconds, usage.ru_maxrss, written_bytes ());
  if (!g_file_set_contents (file, text, -1, NULL))
    return 127;
  return WIFEXITED (status) ? WEXITSTATUS (status) : 1;
}

int
main (int argc, char **argv)
{
  gint64 start = g_get_monotonic_time ();
  struct rusage usage;

  if (argc > 3 && strcmp (argv[1], "time") == 0)
    return time_command (argv[2], argv + 3);
  if (argc == 3 && strcmp (argv[1], "bare") == 0)
    walk_bare (AT_FDCWD, argv[2]);
  else if (argc == 4 && strcmp (argv[1], "scan") == 0)
    walk_scan ((guint) atoi (argv[2]), argv[3]);
  else if (argc == 4 && strcmp (argv[1], "nbkm-write") == 0)
    nbkm_write (g_ascii_strtoull (argv[2], NULL, 10), argv[3], FALSE);
  else if (argc == 4 && strcmp (argv[1], "nbkm-write-known") == 0)
    nbkm_write (g_ascii_strtoull (argv[2], NULL, 10), argv[3], TRUE);
  else if (argc == 3 && strcmp (argv[1], "nbkm-read") == 0)
    nbkm_read (argv[2]);
  else
    return 2;

  gdouble seconds = (gdouble) (g_get_monotonic_time () - start - own_usecs) / G_USEC_PER_SEC;
  getrusage (RUSAGE_SELF, &usage);
  printf ("{\"seconds\": %.6f, \"entries\": %" G_GUINT64_FORMAT ", \"peak_kib\": %ld}\n", seconds,
          entries, usage.ru_maxrss);
  return 0;
}
