#include "model/vm-plan.h"

#include "base/error.h"

#include <string.h>

#define UUID "11111111-1111-1111-1111-111111111111"
#define OTHER_UUID "22222222-2222-2222-2222-222222222222"
#define MIB (1024 * 1024)

typedef struct
{
  const char *what;
  int incrementals; /* of the cycle; -1: there is none */
  gboolean foreign;
  gboolean consolidating;
  gboolean standalone;
  gboolean checkpoint_missing;
  gboolean not_recorded; /* vda is not among what the checkpoint records */
  gboolean lost;         /* vda's bitmap is broken */
  guint64 changed_bytes; /* of vda */
  const char *image;     /* what vda was at the last backup, where it is not what it is */
  const char *also;      /* a disk that the cycle has too */
  BkMergeMode merge;     /* as asked for */
  gboolean can_clone;
  const char *exclude;
  guint64 free_bytes;
  const char *impassable;
  const char *former_name;
  gboolean gone; /* the file of vda, while the VM runs */
  /* what is expected */
  const char *step;
  const char *actions; /* "vda:full vdb:none" */
  guint64 needed_bytes;
  guint removes_count;
  const char *warnings; /* codes, in their order */
  const char *why;      /* a word of the reason for vda */
  BkMergeMode merges;   /* what a consolidation does */
} Case;

/* The VM: vda qcow2 (10 MiB), vdb raw (20 MiB), vdc qcow2 added since (5 MiB), vdd without a file,
 * and a cdrom. */
#define NO_FILE "disk-not-backed-up"
#define ROOM .free_bytes = G_MAXUINT32
#define IN_FULL .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB
#define NEXT .actions = "vda:incremental vdb:full vdc:full vdd:none", .needed_bytes = 25 * MIB
#define MERGE .step = "consolidation", .actions = "vda:merge"
static const Case cases[] = {
  { "first", -1, ROOM, .step = "base", IN_FULL, .warnings = NO_FILE },
  { "next", 1, ROOM, .step = "incremental", NEXT, .warnings = NO_FILE },
  { "next-with-known-size", 1, ROOM, .changed_bytes = MIB, .step = "incremental",
    .actions = "vda:incremental vdb:full vdc:full vdd:none", .needed_bytes = 26 * MIB,
    .warnings = NO_FILE },
  { "full-cycle", 2, ROOM, MERGE, .needed_bytes = 3 * MIB, .removes_count = 3, .warnings = "",
    .merges = BK_MERGE_IN_PLACE },
  { "full-cycle-can-clone", 2, ROOM, .can_clone = TRUE, MERGE, .needed_bytes = 3 * MIB,
    .removes_count = 3, .warnings = "", .merges = BK_MERGE_CLONE },
  { "full-cycle-by-copy", 2, ROOM, .can_clone = TRUE, .merge = BK_MERGE_COPY, MERGE,
    .needed_bytes = 13 * MIB, .removes_count = 3, .warnings = "", .merges = BK_MERGE_COPY },
  { "full-cycle-in-place", 2, ROOM, .can_clone = TRUE, .merge = BK_MERGE_IN_PLACE, MERGE,
    .needed_bytes = 3 * MIB, .removes_count = 3, .warnings = "", .merges = BK_MERGE_IN_PLACE },
  { "full-cycle-no-space", 2, .free_bytes = MIB, MERGE, .needed_bytes = 3 * MIB, .removes_count = 3,
    .warnings = "no-space", .merges = BK_MERGE_IN_PLACE },
  { "copy-needs-the-base-too", 2, .free_bytes = 12 * MIB, .merge = BK_MERGE_COPY, MERGE,
    .needed_bytes = 13 * MIB, .removes_count = 3, .warnings = "no-space", .merges = BK_MERGE_COPY },
  { "interrupted", 1, .consolidating = TRUE, ROOM, MERGE, .needed_bytes = 3 * MIB,
    .removes_count = 2, .warnings = "", .merges = BK_MERGE_IN_PLACE },
  { "interrupted-goes-on-as-it-was-begun", 1, .consolidating = TRUE, .merge = BK_MERGE_COPY, ROOM,
    MERGE, .needed_bytes = 3 * MIB, .removes_count = 2, .warnings = "",
    .merges = BK_MERGE_IN_PLACE },
  { "interrupted-of-another-vm", 1, .consolidating = TRUE, .foreign = TRUE, ROOM, MERGE,
    .needed_bytes = 3 * MIB, .removes_count = 2, .warnings = "", .merges = BK_MERGE_IN_PLACE },
  { "other-vm", 1, .foreign = TRUE, ROOM, .step = "base", IN_FULL,
    .warnings = NO_FILE " other-vm" },
  { "standalone", 2, .standalone = TRUE, ROOM, .step = "standalone", IN_FULL, .warnings = NO_FILE },
  { "excluded", 1, .exclude = "vdb", ROOM, .step = "incremental",
    .actions = "vda:incremental vdb:none vdc:full vdd:none", .needed_bytes = 5 * MIB,
    .warnings = NO_FILE },
  { "no-space", -1, .free_bytes = 35 * MIB - 1, .step = "base", IN_FULL,
    .warnings = NO_FILE " no-space" },
  { "just-enough-space", -1, .free_bytes = 35 * MIB, .step = "base", IN_FULL, .warnings = NO_FILE },
  { "what-changed-may-not-fit", 1, .free_bytes = 25 * MIB, .changed_bytes = MIB,
    .step = "incremental", .actions = "vda:incremental vdb:full vdc:full vdd:none",
    .needed_bytes = 26 * MIB, .warnings = NO_FILE " little-space" },
  { "checkpoint-missing", 1, .checkpoint_missing = TRUE, ROOM, .step = "incremental", IN_FULL,
    .warnings = NO_FILE " checkpoint-missing", .why = "lost the checkpoint" },
  { "checkpoint-missing-does-not-matter-beside", 1, .checkpoint_missing = TRUE, .standalone = TRUE,
    ROOM, .step = "standalone", IN_FULL, .warnings = NO_FILE },
  { "not-recorded", 1, .not_recorded = TRUE, ROOM, .step = "incremental", IN_FULL,
    .warnings = NO_FILE, .why = "was not recorded" },
  { "bitmap-lost", 1, .lost = TRUE, ROOM, .step = "incremental", IN_FULL, .warnings = NO_FILE,
    .why = "missing or broken" },
  { "replaced", 1, .image = "file:/other#7", ROOM, .step = "incremental", IN_FULL,
    .warnings = NO_FILE, .why = "not the image" },
  { "replaced-under-its-name", 1, .image = "file:/a#8", ROOM, .step = "incremental", IN_FULL,
    .warnings = NO_FILE, .why = "not the image" },
  { "swapped", 1, .image = "file:/c#1", ROOM, .step = "incremental", IN_FULL, .warnings = NO_FILE,
    .why = "not the image" },
  { "snapshot-since", 1, .image = "file:/below#2", ROOM, .step = "incremental", NEXT,
    .warnings = NO_FILE },
  { "removed", 1, .also = "vdx", ROOM, .step = "incremental", NEXT,
    .warnings = NO_FILE " disk-removed" },
  { "raw-before", 1, .also = "vdc", ROOM, .step = "incremental", NEXT, .warnings = NO_FILE },
  { "renamed", -1, ROOM, .former_name = "web0", .step = "base", IN_FULL,
    .warnings = NO_FILE " renamed" },
  { "file-removed", 1, ROOM, .gone = TRUE, .step = "incremental", NEXT,
    .warnings = NO_FILE " disk-missing" },
  { "not-passable", -1, ROOM, .impassable = "/root", .step = "base", IN_FULL,
    .warnings = NO_FILE " not-passable" },
  { "merge-needs-no-passage", 2, ROOM, .impassable = "/root", MERGE, .needed_bytes = 3 * MIB,
    .removes_count = 3, .warnings = "", .merges = BK_MERGE_IN_PLACE },
};

static void
add_disk (BkVm *vm, const char *target, const char *format, const char *path, guint64 bytes)
{
  BkVmDisk *disk = bk_vm_add_disk (vm, target);

  disk->device = g_strdup (g_str_has_prefix (target, "sd") ? "cdrom" : "disk");
  disk->format = g_strdup (format);
  disk->path = g_strdup (path);
  disk->allocation_bytes = bytes;
  g_ptr_array_add (disk->images, g_strdup_printf ("file:%s#1", path));
}

static BkVm *
new_vm (void)
{
  BkVm *vm = bk_vm_new ("web1", UUID);

  add_disk (vm, "vda", "qcow2", "/a", 10 * MIB);
  add_disk (vm, "vdb", "raw", "/b", 20 * MIB);
  add_disk (vm, "vdc", "qcow2", "/c", 5 * MIB);
  add_disk (vm, "vdd", "raw", NULL, 0);
  add_disk (vm, "sda", "raw", "/iso", 700 * MIB);
  g_ptr_array_add (bk_vm_find_disk (vm, "vda")->images, g_strdup ("file:/below#2"));
  return vm;
}

static BkCycle *
new_cycle (const Case *c)
{
  BkCycle *cycle = bk_cycle_new ("web1", c->foreign ? OTHER_UUID : UUID);

  bk_cycle_set_disk_base (cycle, "vda", "base/vda", "hash")->image =
      g_strdup (c->image == NULL ? "file:/a#1" : c->image);
  if (c->also != NULL)
    bk_cycle_set_disk_base (cycle, c->also, "base/also", "hash")->image = g_strdup ("file:/c#1");
  cycle->merge = BK_MERGE_IN_PLACE;
  cycle->last_checkpoint_name = g_strdup ("checkpoint");
  cycle->status = c->consolidating ? BK_CYCLE_CONSOLIDATING : BK_CYCLE_ACTIVE;
  for (int i = 0; i <= c->incrementals; i++)
    g_ptr_array_add (cycle->backup_ids, g_strdup_printf ("web1-%d", i));
  return cycle;
}

/* What the cycle's last checkpoint records. */
static GPtrArray *
new_recorded (const Case *c)
{
  GPtrArray *recorded = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_recorded_disk_free);
  BkRecordedDisk *disk = g_new0 (BkRecordedDisk, 1);

  disk->target = g_strdup (c->not_recorded ? "vdx" : "vda");
  disk->is_lost = c->lost;
  disk->changed_bytes = c->changed_bytes;
  g_ptr_array_add (recorded, disk);
  return recorded;
}

static void
check_vda (const Case *c, const BkVmPlan *plan)
{
  const BkPlanDisk *vda = bk_vm_plan_find_disk (plan, "vda");

  if (c->why != NULL)
    g_assert_nonnull (strstr (vda->reason, c->why));
  else
    g_assert_null (vda->reason);
  /* Said once for all where the checkpoint is gone. */
  g_assert_cmpint (vda->is_unexpected, ==, c->why != NULL && !c->checkpoint_missing);
  g_assert_cmpstr (vda->parent, ==, vda->action == BK_PLAN_INCREMENTAL ? "base/vda" : NULL);
  g_assert_cmpint (vda->records, ==, vda->action != BK_PLAN_MERGE && !c->standalone);
  g_assert_false (vda->action != BK_PLAN_MERGE && bk_vm_plan_find_disk (plan, "vdb")->records);
  g_assert_cmpint (bk_vm_plan_makes_checkpoint (plan), ==, vda->records);
}

static void
test_decide (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (BkVm) vm = new_vm ();
  g_autoptr (BkCycle) cycle = c->incrementals < 0 ? NULL : new_cycle (c);

  ((BkVmDisk *) bk_vm_find_disk (vm, "vda"))->is_gone = c->gone;
  g_autoptr (GPtrArray) recorded = new_recorded (c);
  const char *exclude[] = { c->exclude, NULL };
  const BkVmPlanFacts facts = {
    .vm = vm,
    .cycle = cycle,
    .max_incrementals = 2,
    .standalone = c->standalone,
    .exclude_disks = exclude,
    .recorded = c->checkpoint_missing ? NULL : recorded,
    .merge = c->merge,
    .can_clone = c->can_clone,
    .bases_bytes = 10 * MIB,
    .incrementals_bytes = 3 * MIB,
    .free_bytes = c->free_bytes,
    .impassable = c->impassable,
    .former_name = c->former_name,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (BkVmPlan) plan = bk_vm_plan_decide (&facts, &error);
  g_autoptr (GString) actions = g_string_new (NULL);
  g_autoptr (GString) warnings = g_string_new (NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < plan->disks->len; i++)
    {
      const BkPlanDisk *disk = g_ptr_array_index (plan->disks, i);

      g_string_append_printf (actions, "%s%s:%s", i == 0 ? "" : " ", disk->target,
                              bk_plan_action_to_string (disk->action));
    }
  for (guint i = 0; i < plan->warnings->len; i++)
    g_string_append_printf (warnings, "%s%s", i == 0 ? "" : " ",
                            ((BkPlanWarning *) g_ptr_array_index (plan->warnings, i))->code);
  g_assert_cmpstr (plan->step, ==, c->step);
  g_assert_cmpstr (actions->str, ==, c->actions);
  g_assert_cmpstr (warnings->str, ==, c->warnings);
  g_assert_cmpuint (plan->needed_bytes, ==, c->needed_bytes);
  g_assert_cmpuint (plan->removes->len, ==, c->removes_count);
  g_assert_cmpint (plan->merge, ==, c->merges);
  check_vda (c, plan);
}

/* A start for the copy, or for the checkpoint at a consolidation's end, would use it up. */
static void
test_saved_memory (void)
{
  g_autoptr (BkVm) vm = new_vm ();
  g_autoptr (BkCycle) cycle = new_cycle (&cases[3]);

  vm->state = BK_VM_SHUTOFF;
  for (guint i = 0; i < 3; i++)
    {
      const BkVmPlanFacts facts = { .vm = vm,
                                    .cycle = i == 0 ? NULL : cycle,
                                    .max_incrementals = i == 1 ? 2 : 9,
                                    .free_bytes = G_MAXUINT32 };
      g_autoptr (GError) error = NULL;

      vm->has_saved_memory = TRUE;
      g_assert_null (bk_vm_plan_decide (&facts, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, "virsh managedsave-remove web1"));
      vm->has_saved_memory = FALSE;
      g_autoptr (BkVmPlan) plan = bk_vm_plan_decide (&facts, NULL);
      g_assert_nonnull (plan);
    }
}

/* It cannot be started, for whatever the step needs that. */
static void
test_disk_gone_while_off (void)
{
  g_autoptr (BkVm) vm = new_vm ();
  g_autoptr (BkCycle) cycle = new_cycle (&cases[3]);
  const char *exclude[] = { "vdb", NULL };

  vm->state = BK_VM_SHUTOFF;
  ((BkVmDisk *) bk_vm_find_disk (vm, "vdb"))->is_gone = TRUE;
  for (guint i = 0; i < 3; i++)
    {
      BkVmPlanFacts facts = { .vm = vm,
                              .cycle = i == 0 ? NULL : cycle,
                              .max_incrementals = i == 1 ? 2 : 9,
                              .free_bytes = G_MAXUINT32 };
      g_autoptr (GError) error = NULL;

      g_assert_null (bk_vm_plan_decide (&facts, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_UNAVAILABLE);
      g_assert_nonnull (strstr (error->message, "vdb: Its file “/b” is not there"));
      /* Whether it starts without one that is left out, libvirt knows. */
      facts.exclude_disks = exclude;
      g_autoptr (BkVmPlan) plan = bk_vm_plan_decide (&facts, NULL);
      g_assert_nonnull (plan);
    }
}

static void
test_unknown_exclude (void)
{
  g_autoptr (BkVm) vm = new_vm ();
  const char *exclude[] = { "vdz", NULL };
  const BkVmPlanFacts facts = { .vm = vm, .max_incrementals = 2, .exclude_disks = exclude };
  g_autoptr (GError) error = NULL;

  g_assert_null (bk_vm_plan_decide (&facts, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
}

static void
test_nothing_to_back_up (void)
{
  g_autoptr (BkVm) vm = new_vm ();
  const char *exclude[] = { "vda", "vdb", "vdc", NULL };
  const BkVmPlanFacts facts = { .vm = vm, .max_incrementals = 2, .exclude_disks = exclude };
  g_autoptr (GError) error = NULL;

  g_assert_null (bk_vm_plan_decide (&facts, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/model/vm-plan/", cases[i].what, NULL);

      g_test_add_data_func (path, &cases[i], test_decide);
    }
  g_test_add_func ("/model/vm-plan/saved-memory", test_saved_memory);
  g_test_add_func ("/model/vm-plan/disk-gone-while-off", test_disk_gone_while_off);
  g_test_add_func ("/model/vm-plan/unknown-exclude", test_unknown_exclude);
  g_test_add_func ("/model/vm-plan/nothing-to-back-up", test_nothing_to_back_up);
  return g_test_run ();
}
