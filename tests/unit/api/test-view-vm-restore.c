#include "api/views/vm.h"
#include "base/error.h"

static void
test_golden (void)
{
  g_autoptr (BkVmRestorePlan) plan =
      bk_vm_restore_plan_new (BK_RESTORE_AS_NEW, "vm/web1/web1-Inc-20261119_020000", "web2");
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "views", "vm-restore-plan.json", NULL);
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (plan->reads, g_strdup ("web1-Base-20261118_020000"));
  g_ptr_array_add (plan->reads, g_strdup ("web1-Inc-20261119_020000"));
  bk_vm_restore_plan_add_file (plan, "vda", "/var/lib/libvirt/images/web2-vda.qcow2", "qcow2",
                               21474836480, FALSE);
  plan->needed_bytes = 5473574912;
  plan->free_bytes = 1073741824;
  plan->job_id = g_strdup ("20261120_015959-1c2d3e4f");
  plan->impassable = g_strdup ("/srv");
  bk_vm_restore_plan_add_obstacle (
      plan, "as",
      g_error_new_literal (
          BK_ERROR, BK_ERROR_USAGE,
          "There is a VM “web2” already; choose another name, or restore in place"));

  g_autoptr (JsonNode) view = bk_view_vm_restore_plan (plan);
  g_assert_true (json_parser_load_from_file (parser, path, &error));
  g_assert_no_error (error);
  g_assert_true (json_node_equal (view, json_parser_get_root (parser)));
}

int
main (int argc, char **argv)
{
  g_setenv ("LC_ALL", "C.UTF-8", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/view-vm-restore/golden", test_golden);
  return g_test_run ();
}
