#include "model/cycle.h"

#include "base/timestamp.h"
#include "model/vm-point.h"

static BkCycle *
make_cycle (guint incrementals_count)
{
  BkCycle *cycle = bk_cycle_new ("web1", "uuid");

  g_ptr_array_add (cycle->backup_ids, g_strdup ("web1-Base-20261120_020000"));
  bk_cycle_set_disk_base (cycle, "vda", "web1-Base-20261120_020000/data/a.qcow2", "hash");
  for (guint i = 0; i < incrementals_count; i++)
    g_ptr_array_add (cycle->backup_ids, g_strdup_printf ("web1-Inc-20261120_03000%u", i));
  return cycle;
}

static void
test_next_step (void)
{
  static const struct
  {
    int incrementals_count; /* -1: no cycle */
    BkCycleStatus status;
    guint max;
    BkCycleStep expected;
  } cases[] = {
    { -1, BK_CYCLE_ACTIVE, 7, BK_STEP_BASE },
    { 0, BK_CYCLE_ACTIVE, 1, BK_STEP_INCREMENTAL },
    { 1, BK_CYCLE_ACTIVE, 1, BK_STEP_CONSOLIDATION },
    { 1, BK_CYCLE_ACTIVE, 2, BK_STEP_INCREMENTAL },
    { 2, BK_CYCLE_ACTIVE, 2, BK_STEP_CONSOLIDATION },
    { 3, BK_CYCLE_ACTIVE, 2, BK_STEP_CONSOLIDATION }, /* the setting was lowered */
    { 0, BK_CYCLE_CONSOLIDATING, 7, BK_STEP_CONSOLIDATION },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BkCycle) cycle =
          cases[i].incrementals_count < 0 ? NULL : make_cycle ((guint) cases[i].incrementals_count);

      if (cycle != NULL)
        cycle->status = cases[i].status;
      g_assert_cmpint (bk_cycle_next_step (cycle, cases[i].max), ==, cases[i].expected);
    }
}

static void
test_is_backup_id (void)
{
  static const struct
  {
    const char *part;
    const char *name;
    gboolean expected;
  } cases[] = {
    { NULL, "web1-Base-20261120_020000", TRUE },
    { NULL, "web1-Inc-20261120_020000", TRUE },
    { NULL, "web1-Full-Merged-20261120_020000", TRUE },
    { NULL, "web1-Snapshot-20261120_020000", TRUE },
    { BK_CYCLE_PART_BASE, "web1-Base-20261120_020000", TRUE },
    { BK_CYCLE_PART_BASE, "web1-Inc-20261120_020000", FALSE },
    { BK_CYCLE_PART_INCREMENTAL, "web1-Full-Merged-20261120_020000", FALSE },
    { NULL, NULL, FALSE },
    { NULL, "", FALSE },
    { NULL, "web1-old", FALSE },
    { NULL, "web1-Base-20261120_020000.old", FALSE },
    { NULL, "web1-Base-20261120-020000", FALSE },
    { NULL, "web1-Base-2026112_0020000", FALSE },
    { NULL, "web1-Base-", FALSE },
    { NULL, "web2-Base-20261120_020000", FALSE },
    { NULL, "web1-Base-Base-20261120_020000", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (bk_cycle_is_backup_id ("web1", cases[i].part, cases[i].name), ==,
                     cases[i].expected);
}

static const char *
file_hash (gconstpointer hashes, const char *file)
{
  return hashes;
}

static void
test_extend (void)
{
  g_autoptr (BkCycle) cycle = make_cycle (0);
  g_autoptr (BkVmPoint) point = bk_vm_point_new (BK_POINT_INCREMENTAL, "web1", "uuid");

  point->checkpoint = g_strdup ("second");
  bk_vm_point_add_disk (point, "vda", "data/b.qcow2", "web1-Base-20261120_020000/data/a.qcow2", 1);
  bk_vm_point_add_disk (point, "vdb", "data/new.qcow2", NULL, 1);
  g_autoptr (BkCycle) extended =
      bk_cycle_extend (cycle, point, "web1-Inc-20261121_020000", file_hash, "other", 5);

  g_assert_cmpuint (bk_cycle_incrementals_count (cycle), ==, 0);
  g_assert_cmpuint (bk_cycle_incrementals_count (extended), ==, 1);
  g_assert_cmpstr (bk_cycle_newest_backup_id (extended), ==, "web1-Inc-20261121_020000");
  g_assert_cmpstr (extended->last_checkpoint_name, ==, "second");
  g_assert_cmpuint (extended->max_incrementals, ==, 5);
  const BkCycleDisk *first = bk_cycle_find_disk (extended, "vda");
  g_assert_cmpstr (first->base_full_hash_sha256, ==, "hash");
  g_assert_cmpstr (bk_cycle_disk_top (first), ==, "web1-Inc-20261121_020000/data/b.qcow2");
  const BkCycleDisk *added = bk_cycle_find_disk (extended, "vdb");
  g_assert_cmpstr (added->base_full_file, ==, "web1-Inc-20261121_020000/data/new.qcow2");
  g_assert_cmpstr (added->base_full_hash_sha256, ==, "other");
  g_assert_cmpuint (added->incremental_files->len, ==, 0);
}

/* A disk that a backup did not have is not continued by the next one that has it. */
static void
test_disk_left_out (void)
{
  g_autoptr (BkCycle) cycle = make_cycle (0);
  g_autoptr (BkVmPoint) without = bk_vm_point_new (BK_POINT_INCREMENTAL, "web1", "uuid");

  bk_cycle_set_disk_base (cycle, "vdb", "web1-Base-20261120_020000/data/b.qcow2", "hash");
  bk_vm_point_add_disk (without, "vdb", "data/c.qcow2", "web1-Base-20261120_020000/data/b.qcow2",
                        1);
  g_autoptr (BkCycle) extended =
      bk_cycle_extend (cycle, without, "web1-Inc-20261121_020000", file_hash, "other", 5);
  g_assert_null (bk_cycle_find_disk (extended, "vda"));
  g_assert_cmpuint (bk_cycle_find_disk (extended, "vdb")->incremental_files->len, ==, 1);
}

/* A disk copied in full inside the cycle begins its chain anew. */
static void
test_disk_in_full (void)
{
  g_autoptr (BkCycle) cycle = make_cycle (0);
  g_autoptr (BkVmPoint) point = bk_vm_point_new (BK_POINT_INCREMENTAL, "web1", "uuid");

  bk_vm_point_add_disk (point, "vda", "data/full.qcow2", NULL, 1);
  g_autoptr (BkCycle) extended =
      bk_cycle_extend (cycle, point, "web1-Inc-20261121_020000", file_hash, "other", 5);
  const BkCycleDisk *disk = bk_cycle_find_disk (extended, "vda");
  g_assert_cmpstr (disk->base_full_file, ==, "web1-Inc-20261121_020000/data/full.qcow2");
  g_assert_cmpstr (disk->base_full_hash_sha256, ==, "other");
  g_assert_cmpuint (disk->incremental_files->len, ==, 0);
}

/* now, what there is, what comes next (seconds of 2026-11-20 02:00) */
static const struct
{
  const char *what;
  int now;
  const char *names[4];
  int next;
} times[] = {
  { "nothing", 5, { NULL }, 5 },
  { "older", 5, { "web1-Base-20261120_020004", NULL }, 5 },
  { "same-second", 5, { "web1-Base-20261120_020005", NULL }, 6 },
  { "clock-stepped-back",
    5,
    { "web1-Full-Merged-20261120_020030", "web1-Inc-20261120_020031", NULL },
    32 },
  /* A gap is not filled: what had that name may have been merged. */
  { "freed", 5, { "web1-Inc-20261120_020004", "web1-Full-Merged-20261120_020007", NULL }, 8 },
  { "others", 5, { "web10-Base-20261120_020030", "web1-notes-20261120_020030", ".lock", NULL }, 5 },
};

static void
test_next_time (void)
{
  gint64 start = bk_time_from_compact ("20261120_020000");

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr (GPtrArray) names = g_ptr_array_new ();

      for (guint k = 0; times[i].names[k] != NULL; k++)
        g_ptr_array_add (names, (char *) times[i].names[k]);
      g_test_message ("%s", times[i].what);
      g_assert_cmpint (
          bk_cycle_next_time ("web1", names, start + times[i].now * G_USEC_PER_SEC + 123), ==,
          start + times[i].next * G_USEC_PER_SEC);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/cycle/next-step", test_next_step);
  g_test_add_func ("/model/cycle/is-backup-id", test_is_backup_id);
  g_test_add_func ("/model/cycle/extend", test_extend);
  g_test_add_func ("/model/cycle/disk-left-out", test_disk_left_out);
  g_test_add_func ("/model/cycle/disk-in-full", test_disk_in_full);
  g_test_add_func ("/model/cycle/next-time", test_next_time);
  return g_test_run ();
}
