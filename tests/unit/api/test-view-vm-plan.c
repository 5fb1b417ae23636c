#include "api/views/vm.h"

#define UUID "11111111-1111-1111-1111-111111111111"

/* The golden file's first two VMs, decided as a run would. */
static void
add_disk (BkVm *vm, const char *target, guint64 bytes)
{
  BkVmDisk *disk = bk_vm_add_disk (vm, target);

  disk->device = g_strdup ("disk");
  disk->format = g_strdup ("qcow2");
  disk->path = g_strdup ("/disk");
  disk->allocation_bytes = bytes;
  g_ptr_array_add (disk->images, g_strdup ("file:/disk#1"));
}

static BkCycle *
new_cycle (const char *vm, const char *const *ids)
{
  BkCycle *cycle = bk_cycle_new (vm, UUID);

  bk_cycle_set_disk_base (cycle, "vda", "base/vda", "hash")->image = g_strdup ("file:/disk#1");
  for (; *ids != NULL; ids++)
    g_ptr_array_add (cycle->backup_ids, g_strdup (*ids));
  return cycle;
}

static BkVmPlanned *
decide (const BkVmPlanFacts *facts, const char *job_id)
{
  BkVmPlanned *planned = g_new0 (BkVmPlanned, 1);
  g_autoptr (GError) error = NULL;

  planned->vm = g_strdup (facts->vm->name);
  planned->project_id = g_strconcat ("vm/", facts->vm->name, NULL);
  planned->job_id = g_strdup (job_id);
  planned->plan = bk_vm_plan_decide (facts, &error);
  g_assert_no_error (error);
  return planned;
}

static BkVmPlanned *
plan_web1 (void)
{
  static const char *const ids[] = { "web1-Base-20261119_020000", NULL };
  static const char *const exclude[] = { "vdc", NULL };
  g_autoptr (BkVm) vm = bk_vm_new ("web1", UUID);
  g_autoptr (BkCycle) cycle = new_cycle ("web1", ids);

  add_disk (vm, "vda", 4096);
  add_disk (vm, "vdb", 1073741824);
  add_disk (vm, "vdc", 4096);
  BkRecordedDisk recorded = { .target = (char *) "vda" };
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_ptr_array_add (all, &recorded);
  return decide (&(BkVmPlanFacts){ .vm = vm,
                                   .cycle = cycle,
                                   .recorded = all,
                                   .max_incrementals = 7,
                                   .exclude_disks = exclude,
                                   .free_bytes = 536870912000 },
                 NULL);
}

static BkVmPlanned *
plan_db1 (void)
{
  static const char *const ids[] = { "db1-Base-20261118_020000", "db1-Inc-20261119_020000", NULL };
  g_autoptr (BkVm) vm = bk_vm_new ("db1", UUID);
  g_autoptr (BkCycle) cycle = new_cycle ("db1", ids);

  add_disk (vm, "vda", 4096);
  return decide (&(BkVmPlanFacts){ .vm = vm,
                                   .cycle = cycle,
                                   .max_incrementals = 1,
                                   .incrementals_bytes = 104857600,
                                   .free_bytes = 52428800 },
                 "20261120_015959-1c2d3e4f");
}

static void
assert_same (JsonObject *view, JsonArray *golden, guint index)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), view);
  g_autofree char *text = json_to_string (node, TRUE);

  if (!json_node_equal (node, json_array_get_element (golden, index)))
    g_error ("not what the golden file has: %s", text);
  json_object_unref (view);
}

static void
test_golden (void)
{
  g_autoptr (BkVmPlanned) web1 = plan_web1 ();
  g_autoptr (BkVmPlanned) db1 = plan_db1 ();
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "views", "vm-backup-plan.json", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (json_parser_load_from_file (parser, path, &error));
  g_assert_no_error (error);
  JsonArray *golden =
      json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), "vms");
  assert_same (bk_view_vm_planned (web1), golden, 0);
  assert_same (bk_view_vm_planned (db1), golden, 1);
}

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/view-vm-plan/golden", test_golden);
  return g_test_run ();
}
