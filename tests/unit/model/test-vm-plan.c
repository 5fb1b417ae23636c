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
  const char *exclude;
  guint64 free_bytes;
  const char *impassable;
  /* what is expected */
  const char *step;
  const char *actions; /* "vda:full vdb:none" */
  guint64 needed_bytes;
  guint removes_count;
  const char *warnings; /* codes, in their order */
} Case;

/* The VM: vda qcow2 (10 MiB), vdb raw (20 MiB), vdc qcow2 added since (5 MiB), vdd without a file,
 * and a cdrom. */
#define NO_FILE "disk-not-backed-up"
static const Case cases[] = {
  { "first", -1, .free_bytes = G_MAXUINT32, .step = "base",
    .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB,
    .warnings = NO_FILE },
  { "next", 1, .free_bytes = G_MAXUINT32, .step = "incremental",
    .actions = "vda:incremental vdb:full vdc:full vdd:none", .needed_bytes = 25 * MIB,
    .warnings = NO_FILE },
  { "full-cycle", 2, .free_bytes = G_MAXUINT32, .step = "consolidation", .actions = "vda:merge",
    .needed_bytes = 3 * MIB, .removes_count = 3, .warnings = "" },
  { "full-cycle-no-space", 2, .free_bytes = MIB, .step = "consolidation", .actions = "vda:merge",
    .needed_bytes = 3 * MIB, .removes_count = 3, .warnings = "no-space" },
  { "interrupted", 1, .consolidating = TRUE, .free_bytes = G_MAXUINT32, .step = "consolidation",
    .actions = "vda:merge", .needed_bytes = 3 * MIB, .removes_count = 2, .warnings = "" },
  { "other-vm", 1, .foreign = TRUE, .free_bytes = G_MAXUINT32, .step = "base",
    .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB,
    .warnings = NO_FILE " other-vm" },
  { "standalone", 2, .standalone = TRUE, .free_bytes = G_MAXUINT32, .step = "standalone",
    .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB,
    .warnings = NO_FILE },
  { "excluded", 1, .exclude = "vdb", .free_bytes = G_MAXUINT32, .step = "incremental",
    .actions = "vda:incremental vdb:none vdc:full vdd:none", .needed_bytes = 5 * MIB,
    .warnings = NO_FILE },
  { "no-space", -1, .free_bytes = 35 * MIB - 1, .step = "base",
    .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB,
    .warnings = NO_FILE " no-space" },
  { "just-enough-space", -1, .free_bytes = 35 * MIB, .step = "base",
    .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB,
    .warnings = NO_FILE },
  { "checkpoint-missing", 1, .checkpoint_missing = TRUE, .free_bytes = G_MAXUINT32,
    .step = "incremental", .actions = "vda:incremental vdb:full vdc:full vdd:none",
    .needed_bytes = 25 * MIB, .warnings = NO_FILE " checkpoint-missing" },
  { "not-passable", -1, .free_bytes = G_MAXUINT32, .impassable = "/root", .step = "base",
    .actions = "vda:full vdb:full vdc:full vdd:none", .needed_bytes = 35 * MIB,
    .warnings = NO_FILE " not-passable" },
  { "merge-needs-no-passage", 2, .free_bytes = G_MAXUINT32, .impassable = "/root",
    .step = "consolidation", .actions = "vda:merge", .needed_bytes = 3 * MIB, .removes_count = 3,
    .warnings = "" },
};

static void
add_disk (BkVm *vm, const char *target, const char *format, const char *path, guint64 bytes)
{
  BkVmDisk *disk = bk_vm_add_disk (vm, target);

  disk->device = g_strdup (g_str_has_prefix (target, "sd") ? "cdrom" : "disk");
  disk->format = g_strdup (format);
  disk->path = g_strdup (path);
  disk->allocation_bytes = bytes;
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
  return vm;
}

static BkCycle *
new_cycle (const Case *c)
{
  BkCycle *cycle = bk_cycle_new ("web1", c->foreign ? OTHER_UUID : UUID);

  bk_cycle_set_disk_base (cycle, "vda", "base/vda", "hash");
  cycle->status = c->consolidating ? BK_CYCLE_CONSOLIDATING : BK_CYCLE_ACTIVE;
  for (int i = 0; i <= c->incrementals; i++)
    g_ptr_array_add (cycle->backup_ids, g_strdup_printf ("web1-%d", i));
  return cycle;
}

static void
test_decide (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (BkVm) vm = new_vm ();
  g_autoptr (BkCycle) cycle = c->incrementals < 0 ? NULL : new_cycle (c);
  const char *exclude[] = { c->exclude, NULL };
  const BkVmPlanFacts facts = {
    .vm = vm,
    .cycle = cycle,
    .max_incrementals = 2,
    .standalone = c->standalone,
    .exclude_disks = exclude,
    .checkpoint_missing = c->checkpoint_missing,
    .incrementals_bytes = 3 * MIB,
    .free_bytes = c->free_bytes,
    .impassable = c->impassable,
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
  g_test_add_func ("/model/vm-plan/unknown-exclude", test_unknown_exclude);
  g_test_add_func ("/model/vm-plan/nothing-to-back-up", test_nothing_to_back_up);
  return g_test_run ();
}
