/* A VM's backup against a hypervisor that does what the test says: what is asked of it, in which order,
 * and what is left when it fails. What libvirt and QEMU really do is tests/integration's. */
#include "ops/vm/backup.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "fakes/hypervisor.h"
#include "store/repository/catalogue.h"

#include <glib/gstdio.h>
#include <string.h>

#define UUID "11111111-1111-1111-1111-111111111111"

typedef struct
{
  char *root;
  BkRepository *repository;
  FakeHypervisor *hypervisor;
  BkVmBackupRequest request;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-vm-backup-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->repository = bk_repository_open_or_create (fixture->root, &error);
  g_assert_no_error (error);
  fixture->hypervisor = fake_hypervisor_new ("web1", UUID);
  fake_hypervisor_add_disk (fixture->hypervisor, "vda", "qcow2");
  fake_hypervisor_add_disk (fixture->hypervisor, "vdb", "qcow2");
  fake_hypervisor_add_disk (fixture->hypervisor, "vdc", "raw");
  fixture->request =
      (BkVmBackupRequest){ .vm = "web1", .job_id = "", .max_incrementals = 9, .quiesce = TRUE };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  autofd int parent = bk_open_directory (g_get_tmp_dir (), NULL);
  g_autofree char *name = g_path_get_basename (fixture->root);

  g_object_unref (fixture->hypervisor);
  g_object_unref (fixture->repository);
  g_assert_true (bk_remove_tree_at (parent, name, NULL));
  g_free (fixture->root);
}

/* Returns: (transfer full): what the hypervisor was asked for. */
static char *
back_up (Fixture *fixture, const char *step, GError **error)
{
  g_auto (BkVmBackupOutcome) outcome = { 0 };
  gboolean done = bk_vm_backup (&fixture->request, fixture->repository,
                                BK_HYPERVISOR (fixture->hypervisor), NULL, NULL, &outcome, error);

  g_assert_cmpint (done, ==, step != NULL);
  if (done)
    g_assert_cmpstr (outcome.step, ==, step);
  return fake_hypervisor_take_calls (fixture->hypervisor);
}

/* A backup that must succeed, with exactly these calls. */
static void
expect (Fixture *fixture, const char *step, const char *calls)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *called = back_up (fixture, step, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (called, ==, calls);
  g_assert_cmpuint (fixture->hypervisor->checkpoints->len, ==, 1);
}

/* One that must fail so. */
static void
expect_failure (Fixture *fixture, BkError code, const char *calls)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *called = back_up (fixture, NULL, &error);

  g_assert_error (error, BK_ERROR, (int) code);
  g_assert_cmpstr (called, ==, calls);
}

static guint
count_completed (Fixture *fixture, guint *failed_count)
{
  g_autoptr (GPtrArray) backups =
      bk_catalogue_list (fixture->repository, "vm/web1", NULL, NULL, NULL, NULL);
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

static void
test_cycle (Fixture *fixture, gconstpointer data)
{
  fixture->hypervisor->freezes = BK_FREEZE_DONE;
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) thaw wait");
  expect (fixture, "incremental", "freeze begin(vda+! vdb+! vdc) thaw wait delete");
  fixture->request.quiesce = FALSE;
  fixture->request.limit_mib = 3;
  expect (fixture, "incremental", "begin(vda+! vdb+! vdc) limit(3145728) wait delete");
}

static void
test_one_bitmap_lost (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  fake_hypervisor_fail_begin (fixture->hypervisor, BK_ERROR_INTEGRITY, "vdb");
  expect (fixture, "incremental",
          "freeze begin(vda+! vdb+! vdc) freeze begin(vda+! vdb! vdc) wait delete");
  expect (fixture, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete");
}

static void
test_one_after_the_other (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  fake_hypervisor_fail_begin (fixture->hypervisor, BK_ERROR_INTEGRITY, "vdb");
  fake_hypervisor_fail_begin (fixture->hypervisor, BK_ERROR_INTEGRITY, "vda");
  expect (fixture, "incremental",
          "freeze begin(vda+! vdb+! vdc) freeze begin(vda+! vdb! vdc) "
          "freeze begin(vda! vdb! vdc) wait delete");
}

static void
test_any_bitmap_lost (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  fake_hypervisor_fail_begin (fixture->hypervisor, BK_ERROR_INTEGRITY, NULL);
  expect (fixture, "incremental",
          "freeze begin(vda+! vdb+! vdc) freeze begin(vda! vdb! vdc) wait delete");
}

/* It ends, whatever libvirt says: there is nothing left that could be done without. */
static void
test_never_ending_complaint (Fixture *fixture, gconstpointer data)
{
  guint failed_count;

  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  for (guint i = 0; i < 9; i++)
    fake_hypervisor_fail_begin (fixture->hypervisor, BK_ERROR_INTEGRITY, NULL);
  expect_failure (fixture, BK_ERROR_INTEGRITY,
                  "freeze begin(vda+! vdb+! vdc) freeze begin(vda! vdb! vdc)");
  g_assert_cmpuint (count_completed (fixture, &failed_count), ==, 1);
  g_assert_cmpuint (fixture->hypervisor->checkpoints->len, ==, 1);
}

static void
test_copy_fails (Fixture *fixture, gconstpointer data)
{
  static const BkError codes[] = { BK_ERROR_FAILED, BK_ERROR_NO_SPACE, BK_ERROR_UNAVAILABLE };
  guint failed_count;

  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  g_autofree char *last = g_strdup (g_ptr_array_index (fixture->hypervisor->checkpoints, 0));
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      fixture->hypervisor->wait_fails = (int) codes[i];
      expect_failure (fixture, codes[i], "freeze begin(vda+! vdb+! vdc) wait delete");
      g_assert_cmpuint (count_completed (fixture, &failed_count), ==, 1);
      g_assert_cmpuint (failed_count, ==, i + 1);
      g_assert_cmpuint (fixture->hypervisor->checkpoints->len, ==, 1);
      g_assert_cmpstr (g_ptr_array_index (fixture->hypervisor->checkpoints, 0), ==, last);
    }
  fixture->hypervisor->wait_fails = -1;
  expect (fixture, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete");
}

/* A person who cancels wants no record of it. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  guint failed_count;

  fixture->hypervisor->wait_fails = BK_ERROR_CANCELLED;
  expect_failure (fixture, BK_ERROR_CANCELLED, "freeze begin(vda! vdb! vdc) wait delete");
  g_assert_cmpuint (count_completed (fixture, &failed_count), ==, 0);
  g_assert_cmpuint (failed_count, ==, 0);
  g_assert_cmpuint (fixture->hypervisor->checkpoints->len, ==, 0);
}

static void
test_frozen_and_not_begun (Fixture *fixture, gconstpointer data)
{
  fixture->hypervisor->freezes = BK_FREEZE_DONE;
  fake_hypervisor_fail_begin (fixture->hypervisor, BK_ERROR_BUSY, NULL);
  expect_failure (fixture, BK_ERROR_BUSY, "freeze begin(vda! vdb! vdc) thaw");
}

static void
test_agent_fails (Fixture *fixture, gconstpointer data)
{
  fixture->hypervisor->freezes = BK_FREEZE_FAILED;
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");

  g_autoptr (BkBackup) backup = bk_catalogue_newest_completed (fixture->repository, "vm/web1");
  JsonArray *warnings = json_object_get_array_member (backup->extra, "warnings");
  g_assert_cmpuint (json_array_get_length (warnings), ==, 1);
}

/* Off before, off after: also when it fails. */
static void
test_off (Fixture *fixture, gconstpointer data)
{
  fixture->hypervisor->vm->state = BK_VM_SHUTOFF;
  fixture->hypervisor->wait_fails = BK_ERROR_FAILED;
  expect_failure (fixture, BK_ERROR_FAILED, "start begin(vda! vdb! vdc) wait delete stop");
  g_assert_cmpint (fixture->hypervisor->vm->state, ==, BK_VM_SHUTOFF);
  fixture->hypervisor->wait_fails = -1;
  expect (fixture, "base", "start begin(vda! vdb! vdc) wait stop");
  expect (fixture, "incremental", "start begin(vda+! vdb+! vdc) wait delete stop");
  g_assert_cmpint (fixture->hypervisor->vm->state, ==, BK_VM_SHUTOFF);
}

static void
test_bitmap_that_cannot_be_deleted (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  fixture->hypervisor->delete_fails = TRUE;
  expect (fixture, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete drop");
}

static void
test_somebody_elses_backup (Fixture *fixture, gconstpointer data)
{
  fixture->hypervisor->running_file = g_strdup ("/elsewhere/vda.qcow2");
  expect_failure (fixture, BK_ERROR_BUSY, "");
}

static void
test_own_orphan_is_ended (Fixture *fixture, gconstpointer data)
{
  fixture->hypervisor->running_file =
      g_build_filename (fixture->root, "vm/web1/web1-Base-20200101_000000/data/vda.qcow2", NULL);
  expect (fixture, "base", "abort freeze begin(vda! vdb! vdc) wait");
}

static void
test_standalone (Fixture *fixture, gconstpointer data)
{
  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  fixture->request.standalone = TRUE;
  expect (fixture, "standalone", "freeze begin(vda vdb vdc) wait");
  fixture->request.standalone = FALSE;
  /* What libvirt records is the base's still: the fake knows only its last copy. */
  g_assert_cmpuint (fixture->hypervisor->checkpoints->len, ==, 1);
}

static void
test_unknown_size (Fixture *fixture, gconstpointer data)
{
  ((BkVmDisk *) bk_vm_find_disk (fixture->hypervisor->vm, "vdb"))->capacity_bytes = 0;
  expect_failure (fixture, BK_ERROR_UNAVAILABLE, "");
}

static void
test_no_room (Fixture *fixture, gconstpointer data)
{
  BkVmDisk *disk = (BkVmDisk *) bk_vm_find_disk (fixture->hypervisor->vm, "vda");
  guint failed_count;

  disk->capacity_bytes = disk->allocation_bytes = (guint64) 1 << 60;
  expect_failure (fixture, BK_ERROR_NO_SPACE, "");
  g_assert_cmpuint (count_completed (fixture, &failed_count), ==, 0);
}

/* A copy of the same image comes in under its name: the number of its file is another. */
static void
test_replaced_file (Fixture *fixture, gconstpointer data)
{
  const BkVmDisk *disk = bk_vm_find_disk (fixture->hypervisor->vm, "vda");

  expect (fixture, "base", "freeze begin(vda! vdb! vdc) wait");
  g_ptr_array_set_size (disk->images, 0);
  g_ptr_array_add (disk->images, g_strdup ("file:/images/vda#2"));
  expect (fixture, "incremental", "freeze begin(vda! vdb+! vdc) wait delete");
  expect (fixture, "incremental", "freeze begin(vda+! vdb+! vdc) wait delete");
}

#define ADD(What, Func) g_test_add ("/ops/vm-backup/" What, Fixture, NULL, set_up, Func, tear_down)

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
  ADD ("off", test_off);
  ADD ("bitmap-that-cannot-be-deleted", test_bitmap_that_cannot_be_deleted);
  ADD ("somebody-elses-backup", test_somebody_elses_backup);
  ADD ("own-orphan-is-ended", test_own_orphan_is_ended);
  ADD ("standalone", test_standalone);
  ADD ("unknown-size", test_unknown_size);
  ADD ("no-room", test_no_room);
  ADD ("replaced-file", test_replaced_file);
  return g_test_run ();
}
