/* A VM's backup against a hypervisor that does what the test says: what is asked of it, in which order,
 * and what is left when it fails. What libvirt and QEMU really do is tests/integration's. */
#include "ops/vm/backup.h"

#include "base/error.h"
#include "base/fd.h"
#include "ops/backup/prune.h"
#include "ops/vm/forget.h"
#include "store/repository/catalogue.h"
#include "store/repository/checkpoint-note.h"
#include "unit/ops/vm-project.h"
#include "vm/qemu-img.h"

static void
test_cycle (VmProject *project, gconstpointer data)
{
  project->hypervisor->freezes = BK_FREEZE_DONE;
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) thaw wait");
  vm_project_expect (project, "incremental", "freeze begin(vda+! vdb+! vdc) thaw wait delete");
  project->request.quiesce = FALSE;
  project->request.limit_mib = 3;
  vm_project_expect (project, "incremental", "begin(vda+! vdb+! vdc) limit(3145728) wait delete");
}

static void
test_one_bitmap_lost (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  fake_hypervisor_fail_begin (project->hypervisor, BK_ERROR_INTEGRITY, "vdb");
  vm_project_expect (project, "incremental",
                     "freeze begin(vda+! vdb+! vdc) freeze begin(vda+! vdb! vdc) wait delete");
  vm_project_expect (project, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete");
}

static void
test_one_after_the_other (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  fake_hypervisor_fail_begin (project->hypervisor, BK_ERROR_INTEGRITY, "vdb");
  fake_hypervisor_fail_begin (project->hypervisor, BK_ERROR_INTEGRITY, "vda");
  vm_project_expect (project, "incremental",
                     "freeze begin(vda+! vdb+! vdc) freeze begin(vda+! vdb! vdc) "
                     "freeze begin(vda! vdb! vdc) wait delete");
}

static void
test_any_bitmap_lost (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  fake_hypervisor_fail_begin (project->hypervisor, BK_ERROR_INTEGRITY, NULL);
  vm_project_expect (project, "incremental",
                     "freeze begin(vda+! vdb+! vdc) freeze begin(vda! vdb! vdc) wait delete");
}

/* It ends, whatever libvirt says: there is nothing left that could be done without. */
static void
test_never_ending_complaint (VmProject *project, gconstpointer data)
{
  guint failed_count;

  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  for (guint i = 0; i < 9; i++)
    fake_hypervisor_fail_begin (project->hypervisor, BK_ERROR_INTEGRITY, NULL);
  vm_project_expect_failure (project, BK_ERROR_INTEGRITY,
                             "freeze begin(vda+! vdb+! vdc) freeze begin(vda! vdb! vdc)");
  g_assert_cmpuint (vm_project_count_completed (project, &failed_count), ==, 1);
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 1);
}

static void
test_copy_fails (VmProject *project, gconstpointer data)
{
  static const BkError codes[] = { BK_ERROR_FAILED, BK_ERROR_NO_SPACE, BK_ERROR_UNAVAILABLE };
  guint failed_count;

  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  g_autofree char *last = g_strdup (g_ptr_array_index (project->hypervisor->checkpoints, 0));
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      project->hypervisor->wait_fails = (int) codes[i];
      vm_project_expect_failure (project, codes[i], "freeze begin(vda+! vdb+! vdc) wait delete");
      g_assert_cmpuint (vm_project_count_completed (project, &failed_count), ==, 1);
      g_assert_cmpuint (failed_count, ==, i + 1);
      g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 1);
      g_assert_cmpstr (g_ptr_array_index (project->hypervisor->checkpoints, 0), ==, last);
    }
  project->hypervisor->wait_fails = -1;
  vm_project_expect (project, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete");
}

/* A person who cancels wants no record of it. */
static void
test_cancelled (VmProject *project, gconstpointer data)
{
  guint failed_count;

  project->hypervisor->wait_fails = BK_ERROR_CANCELLED;
  vm_project_expect_failure (project, BK_ERROR_CANCELLED,
                             "freeze begin(vda! vdb! vdc) wait delete");
  g_assert_cmpuint (vm_project_count_completed (project, &failed_count), ==, 0);
  g_assert_cmpuint (failed_count, ==, 0);
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 0);
}

static void
test_frozen_and_not_begun (VmProject *project, gconstpointer data)
{
  project->hypervisor->freezes = BK_FREEZE_DONE;
  fake_hypervisor_fail_begin (project->hypervisor, BK_ERROR_BUSY, NULL);
  vm_project_expect_failure (project, BK_ERROR_BUSY, "freeze begin(vda! vdb! vdc) thaw");
}

static void
assert_completed_with_a_warning (VmProject *project)
{
  g_autoptr (BkBackup) backup = bk_catalogue_newest_completed (project->repository, "vm/web1");
  JsonArray *warnings = json_object_get_array_member (backup->extra, "warnings");

  g_assert_cmpuint (json_array_get_length (warnings), ==, 1);
}

static void
test_agent_fails (VmProject *project, gconstpointer data)
{
  project->hypervisor->freezes = BK_FREEZE_FAILED;
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  assert_completed_with_a_warning (project);
}

/* Who asked for a slow copy hears of it when it was not; the copy is as good. */
static void
test_limit_refused (VmProject *project, gconstpointer data)
{
  project->hypervisor->limit_fails = TRUE;
  project->request.limit_mib = 1;
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) limit(1048576) wait");
  assert_completed_with_a_warning (project);
}

/* Off before, off after: also when it fails. */
static void
test_off (VmProject *project, gconstpointer data)
{
  project->hypervisor->vm->state = BK_VM_SHUTOFF;
  project->hypervisor->wait_fails = BK_ERROR_FAILED;
  vm_project_expect_failure (project, BK_ERROR_FAILED,
                             "start begin(vda! vdb! vdc) wait delete stop");
  g_assert_cmpint (project->hypervisor->vm->state, ==, BK_VM_SHUTOFF);
  project->hypervisor->wait_fails = -1;
  vm_project_expect (project, "base", "start begin(vda! vdb! vdc) wait stop");
  vm_project_expect (project, "incremental", "start begin(vda+! vdb+! vdc) wait delete stop");
  g_assert_cmpint (project->hypervisor->vm->state, ==, BK_VM_SHUTOFF);
}

static void
test_bitmap_that_cannot_be_deleted (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  project->hypervisor->delete_fails = BK_ERROR_FAILED;
  vm_project_expect (project, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete drop");
}

/* A copy that failed, and whose checkpoint libvirt did not delete. */
static void
leave_checkpoint (VmProject *project)
{
  project->hypervisor->wait_fails = BK_ERROR_NO_SPACE;
  project->hypervisor->delete_fails = BK_ERROR_UNAVAILABLE;
  vm_project_expect_failure (project, BK_ERROR_NO_SPACE,
                             "freeze begin(vda+! vdb+! vdc) wait delete");
  project->hypervisor->wait_fails = -1;
  project->hypervisor->delete_fails = -1;
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 2);
}

static void
prune_after_days (VmProject *project, guint count)
{
  g_auto (BkPrune) prune = { 0 };

  g_assert_true (bk_prune_plan (project->repository, 0, g_get_real_time () + 2 * G_TIME_SPAN_DAY,
                                &prune, NULL, NULL));
  g_assert_cmpuint (prune.backups->len, ==, count);
  g_assert_true (bk_prune_execute (project->repository, &prune, "job", NULL, NULL, NULL));
  g_assert_cmpuint (prune.failed_count, ==, 0);
}

static gboolean
has_notes (VmProject *project)
{
  g_autofree char *path =
      g_build_filename (project->root, "vm/web1", ".checkpoints-to-delete", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* The record by which the next run would have known the checkpoint is gone by then. */
static void
test_left_checkpoint_and_pruned_record (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  leave_checkpoint (project);
  prune_after_days (project, 1);
  vm_project_expect (project, "incremental", "delete freeze begin(vda+! vdb+! vdc) wait delete");
  g_assert_false (has_notes (project));
}

/* libvirt does not let it go, and then the VM is another one. */
static void
test_left_checkpoint_is_not_forgotten (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  leave_checkpoint (project);
  prune_after_days (project, 1);
  project->hypervisor->delete_fails = BK_ERROR_UNAVAILABLE;
  for (guint i = 0; i < 2; i++)
    {
      vm_project_expect_failure (project, BK_ERROR_UNAVAILABLE, "delete");
      g_assert_true (has_notes (project));
    }

  project->hypervisor->delete_fails = -1;
  g_ptr_array_set_size (project->hypervisor->checkpoints, 0);
  g_free (project->hypervisor->vm->uuid);
  project->hypervisor->vm->uuid = g_strdup ("22222222-2222-2222-2222-222222222222");
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  g_assert_false (has_notes (project));
}

/* libvirt was told of it to delete it, could not, and could not be told to forget it either. */
static void
test_bitmap_stays (VmProject *project, gconstpointer data)
{
  BkVmDisk *disk = (BkVmDisk *) bk_vm_find_disk (project->hypervisor->vm, "vda");
  g_autofree char *name = bk_vm_checkpoint_name (g_get_real_time (), 1);
  g_autofree char *path = g_build_filename (project->root, "vda.qcow2", NULL);
  g_autofree char *command = g_strdup_printf ("qemu-img bitmap --add %s %s", path, name);
  int status = -1;

  g_assert_true (bk_qemu_img_create (path, disk->capacity_bytes, NULL, NULL));
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  g_free (disk->path);
  disk->path = g_steal_pointer (&path);

  project->hypervisor->bitmap_fails = BK_ERROR_UNAVAILABLE;
  g_autofree char *calls = vm_project_back_up (project, "base", NULL);
  g_assert_cmpstr (calls, ==, "bitmap(vda) freeze begin(vda! vdb! vdc) wait");
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 2);
  g_assert_true (has_notes (project));
  project->hypervisor->bitmap_fails = -1;
  vm_project_expect (project, "incremental",
                     "delete bitmap(vda) freeze begin(vda+! vdb+! vdc) wait delete");
  g_assert_false (has_notes (project));
}

/* A run that died while libvirt knew again of the bitmap that the cycle goes on from: it has recorded one disk
 * of several, and nobody knows since when. */
static void
test_noted_is_not_gone_on_from (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  autofd int dirfd = bk_repository_open_project (project->repository, "vm/web1", NULL);
  const char *last = g_ptr_array_index (project->hypervisor->checkpoints, 0);

  g_assert_true (bk_checkpoint_notes_add (dirfd, project->hypervisor->vm->uuid, last, NULL));
  vm_project_expect (project, "incremental", "delete freeze begin(vda! vdb! vdc) wait");
  g_assert_false (has_notes (project));
}

static void
test_forget_after_prune (VmProject *project, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  leave_checkpoint (project);
  prune_after_days (project, 1);
  g_autoptr (BkVmRun) run =
      bk_vm_run_open_left (project->repository, BK_HYPERVISOR (project->hypervisor), NULL,
                           &project->request, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (bk_vm_forget (run, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 0);
  g_assert_false (has_notes (project));
}

static void
test_somebody_elses_backup (VmProject *project, gconstpointer data)
{
  project->hypervisor->running_file = g_strdup ("/elsewhere/vda.qcow2");
  vm_project_expect_failure (project, BK_ERROR_BUSY, "");
}

static void
test_own_orphan_is_ended (VmProject *project, gconstpointer data)
{
  project->hypervisor->running_file =
      g_build_filename (project->root, "vm/web1/web1-Base-20200101_000000/data/vda.qcow2", NULL);
  vm_project_expect (project, "base", "abort freeze begin(vda! vdb! vdc) wait");
}

static void
test_standalone (VmProject *project, gconstpointer data)
{
  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  project->request.standalone = TRUE;
  vm_project_expect (project, "standalone", "freeze begin(vda vdb vdc) wait");
  project->request.standalone = FALSE;
  /* What libvirt records is the base's still: the fake knows only its last copy. */
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 1);
}

/* A label is shown to people, on terminals too: it is checked before anything is done. */
static void
test_labels (VmProject *project, gconstpointer data)
{
  g_autofree char *too_long = g_strnfill (201, 'x');
  const char *const labels[] = { "", "two\nlines", "\033[2J", "\xff", too_long };

  for (guint i = 0; i < G_N_ELEMENTS (labels); i++)
    {
      project->request.pin_label = labels[i];
      vm_project_expect_failure (project, BK_ERROR_USAGE, "");
    }
  project->request.pin_label = "before the upgrade";
  g_autofree char *calls = vm_project_back_up (project, "standalone", NULL);
  g_assert_cmpstr (calls, ==, "freeze begin(vda vdb vdc) wait");
}

static void
test_unknown_size (VmProject *project, gconstpointer data)
{
  ((BkVmDisk *) bk_vm_find_disk (project->hypervisor->vm, "vdb"))->capacity_bytes = 0;
  vm_project_expect_failure (project, BK_ERROR_UNAVAILABLE, "");
}

static void
test_no_room (VmProject *project, gconstpointer data)
{
  BkVmDisk *disk = (BkVmDisk *) bk_vm_find_disk (project->hypervisor->vm, "vda");
  guint failed_count;

  disk->capacity_bytes = disk->allocation_bytes = (guint64) 1 << 60;
  vm_project_expect_failure (project, BK_ERROR_NO_SPACE, "");
  g_assert_cmpuint (vm_project_count_completed (project, &failed_count), ==, 0);
}

/* A copy of the same image comes in under its name: the number of its file is another. */
static void
test_replaced_file (VmProject *project, gconstpointer data)
{
  const BkVmDisk *disk = bk_vm_find_disk (project->hypervisor->vm, "vda");

  vm_project_expect (project, "base", "freeze begin(vda! vdb! vdc) wait");
  g_ptr_array_set_size (disk->images, 0);
  g_ptr_array_add (disk->images, g_strdup ("file:/images/vda#2"));
  vm_project_expect (project, "incremental", "freeze begin(vda! vdb+! vdc) wait delete");
  vm_project_expect (project, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete");
}

#define ADD(What, Func)                                                                            \
  g_test_add ("/ops/vm-backup/" What, VmProject, NULL, vm_project_set_up, Func,                    \
              vm_project_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("cycle", test_cycle);
  ADD ("one-bitmap-lost", test_one_bitmap_lost);
  ADD ("bitmaps-lost-one-after-the-other", test_one_after_the_other);
  ADD ("any-bitmap-lost", test_any_bitmap_lost);
  ADD ("never-ending-complaint", test_never_ending_complaint);
  ADD ("copy-fails", test_copy_fails);
  ADD ("cancelled", test_cancelled);
  ADD ("frozen-and-not-begun", test_frozen_and_not_begun);
  ADD ("agent-fails", test_agent_fails);
  ADD ("limit-refused", test_limit_refused);
  ADD ("off", test_off);
  ADD ("bitmap-that-cannot-be-deleted", test_bitmap_that_cannot_be_deleted);
  ADD ("left-checkpoint/pruned-record", test_left_checkpoint_and_pruned_record);
  ADD ("left-checkpoint/not-forgotten", test_left_checkpoint_is_not_forgotten);
  ADD ("left-checkpoint/not-gone-on-from", test_noted_is_not_gone_on_from);
  ADD ("left-checkpoint/of-a-bitmap", test_bitmap_stays);
  ADD ("left-checkpoint/forget", test_forget_after_prune);
  ADD ("somebody-elses-backup", test_somebody_elses_backup);
  ADD ("own-orphan-is-ended", test_own_orphan_is_ended);
  ADD ("standalone", test_standalone);
  ADD ("labels", test_labels);
  ADD ("unknown-size", test_unknown_size);
  ADD ("no-room", test_no_room);
  ADD ("replaced-file", test_replaced_file);
  return g_test_run ();
}
