/* The end of a VM's cycle, with qemu-img's own work on empty images: what is left when it fails at a step,
 * or is taken up by the next run. That the content is right is tests/integration's. */
#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"
#include "ops/backup/delete.h"
#include "store/repository/catalogue.h"
#include "store/repository/cycle-file.h"
#include "unit/ops/vm-project.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MERGED_ID "web1-Full-Merged-20200101_000000"

static void
set_up (VmProject *project, gconstpointer data)
{
  vm_project_set_up (project, data);
  project->request.max_incrementals = 1;
  project->request.quiesce = FALSE;
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");
  vm_project_expect (project, "incremental", "begin(vda+! vdb+! vdc) wait delete");
}

static int
open_directory (VmProject *project)
{
  g_autofree char *path = g_build_filename (project->root, "vm/web1", NULL);
  int fd = bk_open_directory (path, NULL);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static BkCycle *
load_cycle (VmProject *project)
{
  autofd int dirfd = open_directory (project);
  g_autoptr (GError) error = NULL;
  BkCycle *cycle = NULL;

  bk_cycle_file_load (dirfd, "vm/web1", &cycle, &error);
  g_assert_no_error (error);
  return cycle;
}

/* As a run leaves it that dies once the journal is written. */
static BkCycle *
begin_merge (VmProject *project, BkMergeMode mode)
{
  autofd int dirfd = open_directory (project);
  g_autoptr (BkCycle) active = load_cycle (project);
  BkCycle *cycle = bk_cycle_begin_merge (active, MERGED_ID, mode);
  g_autoptr (GError) error = NULL;

  bk_cycle_file_save (dirfd, cycle, &error);
  g_assert_no_error (error);
  autofd int data = bk_make_directory_at (dirfd, MERGED_ID "/data", 0711, &error);
  g_assert_no_error (error);
  return cycle;
}

static void
write_merged_record (VmProject *project, const char *text)
{
  autofd int dirfd = open_directory (project);
  autofd int merged = bk_open_directory_at (dirfd, MERGED_ID, NULL);

  g_assert_true (bk_atomic_write (merged, "metadata.json", text, strlen (text), 0600, NULL));
}

/* That of the base, which an earlier run could not delete: with the family goes the last record of it. */
static void
test_left_checkpoint (VmProject *project, gconstpointer data)
{
  project->request.max_incrementals = 1;
  project->request.quiesce = FALSE;
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");
  project->hypervisor->delete_fails = BK_ERROR_UNAVAILABLE;
  g_autofree char *calls = vm_project_back_up (project, "incremental", NULL);
  g_assert_cmpstr (calls, ==, "begin(vda+! vdb+! vdc) wait delete");
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 2);

  /* A VM that is off has its checkpoints until it is started for a reason. */
  project->hypervisor->vm->state = BK_VM_SHUTOFF;
  project->hypervisor->delete_fails = -1;
  g_autofree char *merging = vm_project_back_up (project, "consolidation", NULL);
  g_assert_cmpstr (merging, ==, "start delete stop start delete stop");
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 0);
}

static void
assert_family_whole (VmProject *project)
{
  g_autoptr (BkCycle) cycle = load_cycle (project);
  autofd int dirfd = open_directory (project);

  g_assert_nonnull (cycle);
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);

      g_assert_cmpint (faccessat (dirfd, disk->base_full_file, F_OK, AT_SYMLINK_NOFOLLOW), ==, 0);
      for (guint k = 0; k < disk->incremental_files->len; k++)
        g_assert_cmpint (faccessat (dirfd, g_ptr_array_index (disk->incremental_files, k), F_OK,
                                    AT_SYMLINK_NOFOLLOW),
                         ==, 0);
    }
}

static void
assert_consolidated (VmProject *project)
{
  g_autoptr (BkCycle) cycle = load_cycle (project);
  g_autoptr (BkBackup) backup = bk_catalogue_newest_completed (project->repository, "vm/web1");
  guint failed_count;

  g_assert_null (cycle);
  g_assert_cmpuint (vm_project_count_completed (project, &failed_count), ==, 1);
  g_assert_nonnull (strstr (backup->id, "-Full-Merged-"));
  g_assert_cmpuint (project->hypervisor->checkpoints->len, ==, 0);
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);
      g_autofree char *path = g_build_filename (project->root, backup->directory, file->path, NULL);

      g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

static void
consolidate (VmProject *project)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *calls = vm_project_back_up (project, "consolidation", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (calls, ==, "delete");
  assert_consolidated (project);
}

static void
consolidate_fails (VmProject *project, BkError code)
{
  vm_project_expect_failure (project, code, "");
  assert_family_whole (project);
}

static void
test_modes (VmProject *project, gconstpointer data)
{
  project->request.merge = (BkMergeMode) GPOINTER_TO_INT (data);
  consolidate (project);
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");
}

/* XORs its last byte: done twice it is as it was. */
static void
flip (int dirfd, const char *path)
{
  autofd int fd = openat (dirfd, path, O_RDWR | O_CLOEXEC);
  guint8 byte;
  off_t last = lseek (fd, -1, SEEK_END);

  g_assert_cmpint (pread (fd, &byte, 1, last), ==, 1);
  byte ^= 1;
  g_assert_cmpint (pwrite (fd, &byte, 1, last), ==, 1);
}

/* What is merged gets sums anew: what is broken would have right sums of wrong bytes from then on. */
static void
test_damaged (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = load_cycle (project);
  const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, 0);
  const char *incremental = g_ptr_array_index (cycle->backup_ids, 1);
  g_autofree char *definition = g_strconcat (incremental, "/data/domain.xml", NULL);
  const char *const files[] = { disk->base_full_file,
                                g_ptr_array_index (disk->incremental_files, 0), definition };
  autofd int dirfd = open_directory (project);

  project->request.merge = (BkMergeMode) GPOINTER_TO_INT (data);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      flip (dirfd, files[i]);
      consolidate_fails (project, BK_ERROR_INTEGRITY);
      flip (dirfd, files[i]);
    }
  g_autoptr (BkCycle) still = load_cycle (project);
  g_assert_cmpint (still->status, ==, BK_CYCLE_ACTIVE);
  consolidate (project);
}

/* It has the hash that the manifest says, and names a file of this host, which would be merged with it. */
static void
test_hostile_base (VmProject *project, gconstpointer data)
{
  project->request.max_incrementals = 1;
  project->request.quiesce = FALSE;
  project->hypervisor->backing = g_build_filename (project->root, "secret", NULL);
  g_assert_true (g_file_set_contents (project->hypervisor->backing, "secret", -1, NULL));
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");
  g_clear_pointer (&project->hypervisor->backing, g_free);
  vm_project_expect (project, "incremental", "begin(vda+! vdb+! vdc) wait delete");
  consolidate_fails (project, BK_ERROR_INTEGRITY);
}

/* The record of the merged backup cannot be read: it may be complete, and then it is all there is. */
static void
test_broken_record (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = begin_merge (project, (BkMergeMode) GPOINTER_TO_INT (data));
  autofd int dirfd = open_directory (project);

  write_merged_record (project, "{");
  for (guint i = 0; i < 2; i++)
    {
      consolidate_fails (project, BK_ERROR_INTEGRITY);
      g_assert_cmpint (faccessat (dirfd, MERGED_ID "/metadata.json", F_OK, 0), ==, 0);
    }
}

/* It died before it had a record. */
static void
test_no_record (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = begin_merge (project, (BkMergeMode) GPOINTER_TO_INT (data));

  project->request.merge = cycle->merge;
  consolidate (project);
}

/* Gives each base its second name, as a run in place does at its end, and takes the first away. */
static void
move_bases (VmProject *project, const BkCycle *cycle)
{
  autofd int dirfd = open_directory (project);

  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);
      g_autofree char *moved =
          g_strdup_printf (MERGED_ID "/data/web1-%s-Full-Merged-20200101_000000"
                                     ".qcow2",
                           disk->target);

      g_assert_cmpint (renameat (dirfd, disk->base_full_file, dirfd, moved), ==, 0);
    }
}

static void
test_bases_moved (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = begin_merge (project, BK_MERGE_IN_PLACE);

  move_bases (project, cycle);
  consolidate (project);
}

static void
write_running_record (VmProject *project)
{
  g_autoptr (BkBackup) merged = bk_backup_new (MERGED_ID, "vm/web1", BK_BACKUP_FULL);

  merged->status = BK_BACKUP_RUNNING;
  merged->created_usecs = g_get_real_time ();
  g_autoptr (JsonNode) node = bk_metadata_to_json (merged, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);
  write_merged_record (project, text);
}

/* It looks like one that failed, and is where the bases are going. */
static void
test_not_deleted_half_made (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = begin_merge (project, BK_MERGE_IN_PLACE);
  g_auto (BkBackupDeletePlan) plan = { 0 };
  g_autoptr (GError) error = NULL;

  move_bases (project, cycle);
  write_running_record (project);
  g_assert_true (bk_backup_delete_plan (project->repository, "vm/web1/" MERGED_ID, &plan, NULL));
  g_assert_cmpstr (plan.cycle_vm, ==, "web1");
  g_assert_null (bk_backup_delete (project->repository, "vm/web1/" MERGED_ID, MERGED_ID, TRUE,
                                   "job", NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_BUSY);
  consolidate (project);
}

/* A person moved the manifest away that could not be read. What lies in the half made Full-Merged may be all
 * there is of the bases. */
static void
test_manifest_lost (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = begin_merge (project, BK_MERGE_IN_PLACE);
  autofd int dirfd = open_directory (project);

  move_bases (project, cycle);
  write_running_record (project);
  g_assert_true (bk_cycle_file_remove (dirfd, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *calls = vm_project_back_up (project, i == 0 ? "base" : "incremental", NULL);

      for (guint k = 0; k < cycle->disks->len; k++)
        {
          const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, k);
          g_autofree char *moved = g_strdup_printf (
              MERGED_ID "/data/web1-%s-Full-Merged-20200101_000000.qcow2", disk->target);

          g_assert_cmpint (faccessat (dirfd, moved, F_OK, 0), ==, 0);
        }
    }
}

/* A base that cannot be opened is not one that has moved: what is under the other name need not be merged. */
static void
test_base_unreadable (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) cycle = begin_merge (project, BK_MERGE_IN_PLACE);
  const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, 0);
  autofd int dirfd = open_directory (project);

  move_bases (project, cycle);
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      disk = g_ptr_array_index (cycle->disks, i);
      g_assert_cmpint (symlinkat ("loop", dirfd, disk->base_full_file), ==, 0);
    }
  vm_project_expect_failure (project, BK_ERROR_INTEGRITY, "");
  assert_family_whole (project);
}

/* Complete, and the family half gone: it is all there is. */
static void
test_half_cleaned (VmProject *project, gconstpointer data)
{
  g_autoptr (BkCycle) family = load_cycle (project);
  autofd int dirfd = open_directory (project);
  g_autoptr (GError) error = NULL;

  project->request.merge = BK_MERGE_COPY;
  consolidate (project);
  g_autoptr (BkBackup) merged = bk_catalogue_newest_completed (project->repository, "vm/web1");
  g_autoptr (BkCycle) journal = bk_cycle_begin_merge (family, merged->id, BK_MERGE_COPY);
  g_free (journal->last_checkpoint_name);
  journal->last_checkpoint_name = NULL;
  bk_cycle_file_save (dirfd, journal, &error);
  g_assert_no_error (error);

  g_autofree char *calls = vm_project_back_up (project, "consolidation", &error);
  g_assert_no_error (error);
  assert_consolidated (project);
}

typedef struct
{
  BkMergeMode merge;
  const char *verb; /* of qemu-img, that fails */
} Failure;

/* In PATH: qemu-img, with one verb that finds the disk full; that incrementals are whole it says. */
static void
fail_verb (VmProject *project, const char *verb)
{
  g_autofree char *program = g_build_filename (project->root, "qemu-img", NULL);
  g_autofree char *text =
      verb == NULL
          ? g_strdup ("#!/bin/sh\nexec \"$REAL_QEMU_IMG\" \"$@\"\n")
          : g_strdup_printf (
                "#!/bin/sh\ncase \"$*\" in check*-Inc-*) ;; %s*) echo 'qemu-img: No space left on device' "
                ">&2; kill -9 $$;; esac\nexec \"$REAL_QEMU_IMG\" \"$@\"\n",
                verb);

  g_assert_true (
      g_file_set_contents_full (program, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0755, NULL));
}

/* Wherever it fails nothing of the family is lost, and the next run comes to the end. */
static void
test_failures (VmProject *project, gconstpointer data)
{
  const Failure *failure = data;
  g_autofree char *path = g_strdup (g_getenv ("PATH"));
  g_autofree char *with_fake = g_strconcat (project->root, ":", path, NULL);

  g_setenv ("PATH", with_fake, TRUE);
  fail_verb (project, failure->verb);
  project->request.merge = failure->merge;
  for (guint i = 0; i < 2; i++)
    consolidate_fails (project, BK_ERROR_NO_SPACE);
  fail_verb (project, NULL);
  consolidate (project);
  g_setenv ("PATH", path, TRUE);
}

int
main (int argc, char **argv)
{
  static const BkMergeMode modes[] = { BK_MERGE_IN_PLACE, BK_MERGE_COPY };
  static const Failure failures[] = {
    { BK_MERGE_IN_PLACE, "commit" }, { BK_MERGE_IN_PLACE, "check" }, { BK_MERGE_COPY, "convert" },
    { BK_MERGE_COPY, "compare" },    { BK_MERGE_COPY, "check" },
  };
  g_autofree char *qemu_img = g_find_program_in_path ("qemu-img");

  g_test_init (&argc, &argv, NULL);
  g_setenv ("REAL_QEMU_IMG", qemu_img, TRUE);
#define ADD(path, data, func) g_test_add (path, VmProject, data, set_up, func, vm_project_tear_down)
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      const char *word = bk_merge_mode_to_string (modes[i]);
      g_autofree char *whole = g_strconcat ("/ops/vm-consolidate/", word, NULL);
      g_autofree char *damaged = g_strconcat (whole, "/damaged", NULL);
      g_autofree char *broken = g_strconcat (whole, "/broken-record", NULL);
      g_autofree char *none = g_strconcat (whole, "/no-record", NULL);

      ADD (whole, GINT_TO_POINTER (modes[i]), test_modes);
      ADD (damaged, GINT_TO_POINTER (modes[i]), test_damaged);
      ADD (broken, GINT_TO_POINTER (modes[i]), test_broken_record);
      ADD (none, GINT_TO_POINTER (modes[i]), test_no_record);
    }
  g_test_add ("/ops/vm-consolidate/left-checkpoint", VmProject, NULL, vm_project_set_up,
              test_left_checkpoint, vm_project_tear_down);
  g_test_add ("/ops/vm-consolidate/hostile-base", VmProject, NULL, vm_project_set_up,
              test_hostile_base, vm_project_tear_down);
  ADD ("/ops/vm-consolidate/bases-moved", NULL, test_bases_moved);
  ADD ("/ops/vm-consolidate/not-deleted-half-made", NULL, test_not_deleted_half_made);
  ADD ("/ops/vm-consolidate/manifest-lost", NULL, test_manifest_lost);
  ADD ("/ops/vm-consolidate/base-unreadable", NULL, test_base_unreadable);
  ADD ("/ops/vm-consolidate/half-cleaned", NULL, test_half_cleaned);
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *name =
          g_strdup_printf ("/ops/vm-consolidate/%s/%s-fails",
                           bk_merge_mode_to_string (failures[i].merge), failures[i].verb);

      ADD (name, &failures[i], test_failures);
    }
  return g_test_run ();
}
