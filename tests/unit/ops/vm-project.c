#include "unit/ops/vm-project.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "store/repository/catalogue.h"

#include <glib/gstdio.h>
#include <string.h>

#define UUID "11111111-1111-1111-1111-111111111111"

void
vm_project_set_up (VmProject *project, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  project->root = g_dir_make_tmp ("bk-vm-backup-XXXXXX", &error);
  g_assert_no_error (error);
  project->repository = bk_repository_open_or_create (project->root, &error);
  g_assert_no_error (error);
  project->hypervisor = fake_hypervisor_new ("web1", UUID);
  fake_hypervisor_add_disk (project->hypervisor, "vda", "qcow2");
  fake_hypervisor_add_disk (project->hypervisor, "vdb", "qcow2");
  fake_hypervisor_add_disk (project->hypervisor, "vdc", "raw");
  project->request =
      (BkVmBackupRequest){ .vm = "web1", .job_id = "", .max_incrementals = 9, .quiesce = TRUE };
}

void
vm_project_tear_down (VmProject *project, gconstpointer data)
{
  autofd int parent = bk_open_directory (g_get_tmp_dir (), NULL);
  g_autofree char *name = g_path_get_basename (project->root);

  g_object_unref (project->hypervisor);
  g_object_unref (project->repository);
  g_assert_true (bk_remove_tree_at (parent, name, NULL));
  g_free (project->root);
}

/* Returns: (transfer full): what the hypervisor was asked for. */
char *
vm_project_back_up (VmProject *project, const char *step, GError **error)
{
  g_auto (BkVmBackupOutcome) outcome = { 0 };
  gboolean done = bk_vm_backup (&project->request, project->repository,
                                BK_HYPERVISOR (project->hypervisor), NULL, NULL, &outcome, error);

  g_assert_cmpint (done, ==, step != NULL);
  if (done)
    g_assert_cmpstr (outcome.step, ==, step);
  return fake_hypervisor_take_calls (project->hypervisor);
}

/* A backup that must succeed, with exactly these calls. */
void
vm_project_expect (VmProject *project, const char *step, const char *calls)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *called = vm_project_back_up (project, step, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (called, ==, calls);
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 1);
}

/* One that must fail so. */
void
vm_project_expect_failure (VmProject *project, BkError code, const char *calls)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *called = vm_project_back_up (project, NULL, &error);

  g_assert_error (error, BK_ERROR, (int) code);
  g_assert_cmpstr (called, ==, calls);
}

guint
vm_project_count_completed (VmProject *project, guint *failed_count)
{
  g_autoptr (GPtrArray) backups =
      bk_catalogue_list (project->repository, "vm/web1", NULL, NULL, NULL, NULL);
  guint count = 0;

  *failed_count = 0;
  for (guint i = 0; i < backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (backups, i);

      count += backup->status == BK_BACKUP_COMPLETED;
      *failed_count += backup->status == BK_BACKUP_FAILED;
    }
  return count;
}

/* A Base, two Incrementals, and a standalone copy. */
void
vm_project_set_up_cycle (VmProject *project, gconstpointer data)
{
  vm_project_set_up (project, data);
  project->request.quiesce = FALSE;
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");
  vm_project_expect (project, "incremental", "begin(vda+! vdb+! vdc) wait delete");
  vm_project_expect (project, "incremental", "begin(vda+! vdb+! vdc) wait delete");
  project->request.standalone = TRUE;
  vm_project_expect (project, "standalone", "begin(vda vdb vdc) wait");
}

/* @part: "Base", "Inc", "Snapshot": the first one of these.
 *
 * Returns: (transfer full): its whole id. */
char *
vm_project_id_of (VmProject *project, const char *part)
{
  g_autoptr (GPtrArray) all =
      bk_catalogue_list (project->repository, "vm/web1", NULL, NULL, NULL, NULL);

  for (guint i = 0; i < all->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (all, i);

      if (strstr (backup->id, part) != NULL)
        return bk_backup_full_id (backup);
    }
  g_assert_not_reached ();
}

guint
vm_project_count (VmProject *project)
{
  guint failed_count;

  return vm_project_count_completed (project, &failed_count);
}
