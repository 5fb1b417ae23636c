/* What was changed behind the log's back is found; what a power cut tore is not taken for that. */
#include "log-bed.h"

#include "base/error.h"
#include "format/event-segment.h"

#include <glib/gstdio.h>
#include <string.h>

/* A snapshot that the log contradicts is evidence: nobody writes over it. */
static void
test_end_cut_off (LogBed *bed, gconstpointer user_data)
{
  gsize before_bytes;
  gsize after_bytes;

  log_bed_append_new (bed, &log_bed_small, 4);
  g_autofree char *segment = log_bed_read_file (bed, SEGMENT1, &before_bytes);
  log_bed_append_new (bed, &log_bed_small, 8);
  g_autofree char *snapshot = log_bed_read_file (bed, SNAPSHOT, &before_bytes);
  g_autofree char *path = log_bed_path_of (bed, SEGMENT3);

  g_assert_cmpint (g_unlink (path), ==, 0);
  log_bed_assert_broken (bed, BK_CHAIN_SNAPSHOT_MISMATCH);
  log_bed_append_new (bed, &log_bed_small, 20);
  log_bed_assert_broken (bed, BK_CHAIN_SNAPSHOT_MISMATCH);
  g_autofree char *after = log_bed_read_file (bed, SNAPSHOT, &after_bytes);
  g_assert_cmpmem (snapshot, before_bytes, after, after_bytes);

  /* the same for one that cannot be read */
  log_bed_write_file (bed, SNAPSHOT, "{", 1);
  log_bed_append_new (bed, &log_bed_small, 20);
  log_bed_assert_broken (bed, BK_CHAIN_SNAPSHOT_MISMATCH);
  g_autofree char *still = log_bed_read_file (bed, SNAPSHOT, &after_bytes);
  g_assert_cmpstr (still, ==, "{");
}

static void
flip_all (LogBed *bed, const char *name)
{
  gsize length_bytes;
  g_autofree char *text = log_bed_read_file (bed, name, &length_bytes);

  for (gsize at = 0; at < length_bytes; at++)
    {
      for (guint bit = 0; bit < 8; bit++)
        {
          text[at] = (char) (text[at] ^ (1 << bit));
          log_bed_write_file (bed, name, text, length_bytes);
          g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);
          if (verdict->fault == BK_CHAIN_SOUND)
            g_error ("%s: bit %u of byte %" G_GSIZE_FORMAT " makes no difference", name, bit, at);
          text[at] = (char) (text[at] ^ (1 << bit));
        }
    }
  log_bed_write_file (bed, name, text, length_bytes);
}

static void
test_every_flip (LogBed *bed, gconstpointer user_data)
{
  log_bed_append_new (bed, &log_bed_small, 6);
  flip_all (bed, SEGMENT1);
  flip_all (bed, SEGMENT2);
  flip_all (bed, SNAPSHOT);
  log_bed_assert_sound (bed, 6);
}

/* Lines of segment 1: "[", four events, "]", "". */
static void
test_lines (LogBed *bed, gconstpointer user_data)
{
  gsize length_bytes;

  log_bed_append_new (bed, &log_bed_small, 10);
  g_autofree char *text = log_bed_read_file (bed, SEGMENT1, &length_bytes);

  for (guint i = 1; i <= 4; i++)
    {
      for (guint j = 1; j <= 4; j++)
        {
          g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
          g_autoptr (GString) changed = g_string_new ("[");

          /* i == j removes the line, else the two change places */
          for (guint k = 1; k <= 4; k++)
            {
              const char *line = lines[k == i ? j : k == j ? i : k];

              if (k == i && i == j)
                continue;
              g_string_append_printf (changed, "%s\n%.*s", changed->len == 1 ? "" : ",",
                                      (int) strcspn (line, "\n") - g_str_has_suffix (line, ","),
                                      line);
            }
          g_string_append (changed, "\n]\n");
          log_bed_write_file (bed, SEGMENT1, changed->str, changed->len);
          log_bed_assert_broken (bed, BK_CHAIN_ORDER);
        }
    }
  log_bed_write_file (bed, SEGMENT1, text, length_bytes);
  log_bed_assert_sound (bed, 10);
  g_autofree char *path = log_bed_path_of (bed, SEGMENT2);
  g_assert_cmpint (g_unlink (path), ==, 0);
  log_bed_assert_broken (bed, BK_CHAIN_MISSING_SEGMENT);
}

/* A power cut while a fourth and fifth event are written: the file is cut anywhere in them, or the
 * rest of it is zeros. The three that were acknowledged are there afterwards, and a new one. */
static void
test_torn (LogBed *bed, gconstpointer user_data)
{
  gsize before_bytes;
  gsize after_bytes;

  log_bed_append_new (bed, &log_bed_large, 3);
  g_autofree char *before = log_bed_read_file (bed, SEGMENT1, &before_bytes);
  log_bed_append_new (bed, &log_bed_large, 2);
  g_autofree char *after = log_bed_read_file (bed, SEGMENT1, &after_bytes);

  for (gsize cut = before_bytes - 3; cut <= after_bytes; cut += cut % 5 == 0 ? 7 : 1)
    {
      for (guint zeros = 0; zeros <= 1; zeros++)
        {
          g_autofree char *torn = g_memdup2 (after, after_bytes);

          memset (torn + cut, 0, after_bytes - cut);
          log_bed_write_file (bed, SEGMENT1, torn, zeros ? after_bytes : cut);
          log_bed_append_new (bed, &log_bed_large, 1);

          g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);
          g_assert_cmpstr (verdict->message, ==, NULL);
          g_assert_cmpuint (verdict->events_count, >=, 4);
          g_assert_cmpuint (verdict->events_count, <=, 7);
          gsize now_bytes;
          g_autofree char *now = log_bed_read_file (bed, SEGMENT1, &now_bytes);
          g_assert_cmpuint (now_bytes, >, before_bytes);
          if (memcmp (now, before, before_bytes - 3) != 0)
            g_error ("cut at %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT ": %s", cut, before_bytes,
                     now);
        }
    }
  /* the pieces are kept, and said so */
  g_assert_cmpuint (log_bed_count_files (bed, "torn"), >, 10);
  log_bed_write_file (bed, SEGMENT1, after, after_bytes - 20);
  log_bed_append_new (bed, &log_bed_large, 1);
  gsize now_bytes;
  g_autofree char *now = log_bed_read_file (bed, SEGMENT1, &now_bytes);
  g_assert_nonnull (strstr (now, BK_EVENT_LOG_RECOVERED));
}

/* A page in the middle of a large write did not reach the disk, later ones did. */
static void
test_torn_hole (LogBed *bed, gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  BkEventRecord records[300];
  gsize before_bytes;
  gsize after_bytes;

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    records[i] = (BkEventRecord){ "ana", BK_EVENT_DELETED, "vm", "vm/web1", NULL };
  log_bed_append_new (bed, &log_bed_large, 50);
  g_autofree char *before = log_bed_read_file (bed, SEGMENT1, &before_bytes);
  g_autoptr (BkEventLog) log = log_bed_open_log (bed, &log_bed_large);
  bk_event_log_append (log, records, G_N_ELEMENTS (records), &error);
  g_assert_no_error (error);
  g_autofree char *after = log_bed_read_file (bed, SEGMENT1, &after_bytes);

  for (gsize page = before_bytes / 4096 + 1; (page + 2) * 4096 < after_bytes; page++)
    {
      g_autofree char *torn = g_memdup2 (after, after_bytes);

      memset (torn + page * 4096, 0, 4096);
      log_bed_write_file (bed, SEGMENT1, torn, after_bytes);
      log_bed_append_new (bed, &log_bed_large, 1);
      g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);
      g_assert_cmpstr (verdict->message, ==, NULL);
      g_assert_cmpuint (verdict->events_count, >=, 51);
    }
}

/* An event that is whole but was changed is no torn tail: it stays, and stays broken. */
static void
test_changed_is_not_torn (LogBed *bed, gconstpointer user_data)
{
  gsize length_bytes;

  log_bed_append_new (bed, &log_bed_large, 3);
  g_autofree char *text = log_bed_read_file (bed, SEGMENT1, &length_bytes);
  char *actor = g_strrstr (text, "\"ana\"");
  memcpy (actor, "\"eva\"", 5);
  log_bed_write_file (bed, SEGMENT1, text, length_bytes);
  log_bed_append_new (bed, &log_bed_large, 2);

  g_autoptr (BkChainVerdict) verdict = log_bed_verify (bed);
  g_assert_cmpint (verdict->fault, ==, BK_CHAIN_HASH);
  g_assert_cmpuint (verdict->broken_index, ==, 2);
  g_assert_cmpuint (verdict->events_count, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
  g_test_add ("/store/event-log-damage/" name, LogBed, NULL, log_bed_setup, func, log_bed_teardown)
  ADD ("end-cut-off", test_end_cut_off);
  ADD ("every-flip", test_every_flip);
  ADD ("lines", test_lines);
  ADD ("torn", test_torn);
  ADD ("torn-hole", test_torn_hole);
  ADD ("changed-is-not-torn", test_changed_is_not_torn);
  return g_test_run ();
}
