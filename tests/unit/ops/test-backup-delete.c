/* What a person or a rule removes, of backups of a VM whose disks are empty images; and what is refused. */
#include "base/error.h"
#include "base/fd.h"
#include "ops/backup/delete.h"
#include "ops/backup/pin.h"
#include "ops/backup/prune.h"
#include "store/repository/cycle-file.h"
#include "unit/ops/vm-project.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_USECS (24 * G_TIME_SPAN_HOUR)

static int
open_project (VmProject *project)
{
  int fd = bk_repository_open_project (project->repository, "vm/web1", NULL);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* As “vm forget” leaves it. */
static void
end_cycle (VmProject *project)
{
  autofd int dirfd = open_project (project);

  g_assert_true (bk_cycle_file_remove (dirfd, NULL));
}

/* Makes it one that only a person removes, as a Full-Merged is. */
static void
protect (VmProject *project, const char *full_id)
{
  g_autofree char *path = g_build_filename (project->root, full_id, "metadata.json", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto (GStrv) parts = g_strsplit (text, "\"protected\" : false", 2);
  g_assert_nonnull (parts[1]);
  g_autofree char *changed = g_strconcat (parts[0], "\"protected\" : true", parts[1], NULL);
  g_assert_true (g_file_set_contents (path, changed, -1, NULL));
}

static void
delete_fails (VmProject *project, const char *full_id, const char *confirm, BkError code)
{
  g_autoptr (GError) error = NULL;
  guint before = vm_project_count (project);
  g_autoptr (GPtrArray) removed =
      bk_backup_delete (project->repository, full_id, confirm, FALSE, "job", NULL, &error);

  g_assert_null (removed);
  g_assert_error (error, BK_ERROR, (int) code);
  g_assert_cmpuint (vm_project_count (project), ==, before);
}

static void
test_delete (VmProject *project, gconstpointer data)
{
  g_autofree char *base = vm_project_id_of (project, "Base");
  g_autofree char *incremental = vm_project_id_of (project, "Inc");
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) one = NULL, three = NULL;

  delete_fails (project, base, NULL, BK_ERROR_BUSY);        /* others need it */
  delete_fails (project, incremental, NULL, BK_ERROR_BUSY); /* likewise */
  one = bk_backup_delete (project->repository, snapshot, NULL, FALSE, "job", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (one->len, ==, 1);
  delete_fails (project, snapshot, NULL, BK_ERROR_NOT_FOUND);

  /* The next backup continues the cycle, whatever else is asked for. */
  g_assert_null (bk_backup_delete (project->repository, base, NULL, TRUE, "job", NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpuint (vm_project_count (project), ==, 3);

  end_cycle (project);
  delete_fails (project, base, NULL, BK_ERROR_BUSY);
  three = bk_backup_delete (project->repository, base, NULL, TRUE, "job", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (three->len, ==, 3);
  g_assert_cmpstr (((BkBackup *) g_ptr_array_index (three, 2))->id, ==, strrchr (base, '/') + 1);
  g_assert_cmpuint (vm_project_count (project), ==, 0);
}

static void
test_delete_protected (VmProject *project, gconstpointer data)
{
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  g_autoptr (GPtrArray) removed = NULL;

  protect (project, snapshot);
  delete_fails (project, snapshot, NULL, BK_ERROR_DENIED);
  delete_fails (project, snapshot, "", BK_ERROR_DENIED);
  delete_fails (project, snapshot, "yes", BK_ERROR_DENIED);
  delete_fails (project, snapshot, snapshot, BK_ERROR_DENIED); /* its id, without the project */
  removed = bk_backup_delete (project->repository, snapshot, strrchr (snapshot, '/') + 1, FALSE,
                              "job", NULL, NULL);
  g_assert_cmpuint (removed->len, ==, 1);
}

/* One that goes along is not confirmed by the name of the one that was named. */
static void
test_delete_protected_dependent (VmProject *project, gconstpointer data)
{
  g_autofree char *base = vm_project_id_of (project, "Base");
  g_autofree char *incremental = vm_project_id_of (project, "Inc");
  g_autoptr (GError) error = NULL;

  end_cycle (project);
  protect (project, incremental);
  g_assert_null (bk_backup_delete (project->repository, base, strrchr (base, '/') + 1, TRUE, "job",
                                   NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_DENIED);
  g_assert_cmpuint (vm_project_count (project), ==, 4);
}

/* The first incremental's record is damaged: the second one needs the base all the same. */
static void
test_delete_unknown_dependents (VmProject *project, gconstpointer data)
{
  g_autofree char *base = vm_project_id_of (project, "Base");
  g_autofree char *incremental = vm_project_id_of (project, "Inc");
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  g_autofree char *record = g_build_filename (project->root, incremental, "metadata.json", NULL);
  g_autoptr (GError) error = NULL;
  g_auto (BkBackupDeletePlan) plan = { 0 };

  end_cycle (project);
  g_assert_true (g_file_set_contents (record, "{", -1, NULL));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (
          bk_backup_delete (project->repository, base, NULL, i == 1, "job", NULL, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
      g_assert_nonnull (strstr (error->message, strrchr (incremental, '/') + 1));
      g_clear_error (&error);
    }
  g_assert_false (bk_backup_delete_plan (project->repository, base, &plan, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_cmpuint (vm_project_count (project), ==, 3);

  /* Nothing can need what stands by itself. */
  g_clear_error (&error);
  g_autoptr (GPtrArray) removed =
      bk_backup_delete (project->repository, snapshot, NULL, FALSE, "job", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (removed->len, ==, 1);
}

/* As root may be nobody on a file system of the network. */
static void
give_up_root (VmProject *project)
{
  const char *const command[] = { "chown", "--recursive", "65534", project->root, NULL };

  if (geteuid () != 0)
    return;
  g_assert_true (g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_assert_cmpint (seteuid (65534), ==, 0);
}

/* The first incremental's directory cannot be opened: that is not that there is none. */
static void
test_delete_unreachable_dependents (VmProject *project, gconstpointer data)
{
  g_autofree char *base = vm_project_id_of (project, "Base");
  g_autofree char *incremental = vm_project_id_of (project, "Inc");
  g_autofree char *directory = g_build_filename (project->root, incremental, NULL);
  uid_t uid = geteuid ();
  g_autoptr (GError) error = NULL;

  end_cycle (project);
  give_up_root (project);
  g_assert_cmpint (chmod (directory, 0), ==, 0);
  g_autoptr (GPtrArray) removed =
      bk_backup_delete (project->repository, base, NULL, TRUE, "job", NULL, &error);
  g_assert_cmpint (chmod (directory, 0700), ==, 0);
  g_assert_cmpint (seteuid (uid), ==, 0);
  g_assert_null (removed);
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_nonnull (strstr (error->message, strrchr (incremental, '/') + 1));
  g_assert_cmpuint (vm_project_count (project), ==, 4);
}

static void
test_hostile_ids (VmProject *project, gconstpointer data)
{
  static const char *const ids[] = {
    "",
    "/",
    "vm/web1",
    "vm/web1/",
    "vm/../vm/web1/x",
    "vm/web1/..",
    "vm/web1/.lock",
    "vm/web1/a/b",
    "vm//x",
    "/vm/web1/x",
    "vm/web1/x\n",
    "vm/web1/\xff",
    "../../etc/passwd",
    "vm/web1/-rf",
    "tree/a/b/..",
    "event-log/../vm/x",
  };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GError) error = NULL, pin_error = NULL, plan_error = NULL;
      g_auto (BkBackupDeletePlan) plan = { 0 };

      g_assert_null (bk_backup_delete (project->repository, ids[i], "", TRUE, "job", NULL, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
      g_assert_null (
          bk_backup_pin (project->repository, ids[i], "label", "job", NULL, NULL, &pin_error));
      g_assert_error (pin_error, BK_ERROR, BK_ERROR_USAGE);
      g_assert_false (bk_backup_delete_plan (project->repository, ids[i], &plan, &plan_error));
      g_assert_error (plan_error, BK_ERROR, BK_ERROR_USAGE);
    }
  g_assert_cmpuint (vm_project_count (project), ==, 4);
}

static void
test_busy (VmProject *project, gconstpointer data)
{
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  g_auto (BkBackupDeletePlan) plan = { 0 };
  g_auto (BkPrune) prune = { 0 };
  g_autoptr (GError) error = NULL;
  BkLock *lock = bk_repository_lock_project (project->repository, "vm/web1", "other-job", NULL);

  g_assert_nonnull (lock);
  delete_fails (project, snapshot, NULL, BK_ERROR_BUSY);
  g_assert_null (bk_backup_pin (project->repository, snapshot, "label", "job", NULL, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "other-job"));
  g_assert_true (bk_backup_delete_plan (project->repository, snapshot, &plan, NULL));
  g_assert_cmpstr (plan.job_id, ==, "other-job");
  g_assert_true (bk_prune_plan (project->repository, 1, g_get_real_time () + 2 * DAY_USECS, &prune,
                                NULL, NULL));
  g_assert_true (bk_prune_execute (project->repository, &prune, "job", NULL, NULL, NULL));
  g_assert_cmpuint (prune.failed_count, ==, 1);
  g_assert_cmpuint (prune.backups->len, ==, 0);
  g_assert_cmpuint (prune.size_bytes, ==, 0);
  g_assert_cmpuint (vm_project_count (project), ==, 4);
  bk_lock_free (lock);
}

static void
test_delete_interrupted (VmProject *project, gconstpointer data)
{
  autofd int dirfd = open_project (project);
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  const char *id = strrchr (snapshot, '/') + 1;
  g_autofree char *doomed = g_strconcat (".tmp-removed-", id, NULL);
  g_auto (BkPrune) prune = { 0 };

  g_assert_cmpint (renameat (dirfd, id, dirfd, doomed), ==, 0);
  delete_fails (project, snapshot, NULL, BK_ERROR_NOT_FOUND);
  g_assert_cmpint (faccessat (dirfd, doomed, F_OK, 0), <, 0);

  g_assert_cmpint (mkdirat (dirfd, doomed, 0700), ==, 0);
  g_assert_true (bk_prune_plan (project->repository, 0, 0, &prune, NULL, NULL));
  g_assert_true (bk_prune_execute (project->repository, &prune, "job", NULL, NULL, NULL));
  g_assert_cmpint (faccessat (dirfd, doomed, F_OK, 0), <, 0);
  g_assert_cmpuint (vm_project_count (project), ==, 3);
}

static guint
prune (VmProject *project, guint days, gint64 now_usecs)
{
  g_auto (BkPrune) done = { 0 };
  g_autoptr (GError) error = NULL;
  guint before = vm_project_count (project);

  bk_prune_plan (project->repository, days, now_usecs, &done, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vm_project_count (project), ==, before); /* a plan only looks */
  bk_prune_execute (project->repository, &done, "job", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (done.failed_count, ==, 0);
  g_assert_cmpuint (vm_project_count (project), ==, before - done.backups->len);
  return done.backups->len;
}

/* A cycle is never pruned, nor what is protected; only what stands by itself, past its days. */
static void
test_prune (VmProject *project, gconstpointer data)
{
  gint64 now_usecs = g_get_real_time ();

  g_assert_cmpuint (prune (project, 30, now_usecs), ==, 0);
  g_assert_cmpuint (prune (project, 30, now_usecs + 29 * DAY_USECS), ==, 0);
  g_assert_cmpuint (prune (project, 0, now_usecs + 999 * DAY_USECS), ==, 0);
  g_assert_cmpuint (prune (project, 30, now_usecs - 999 * DAY_USECS), ==, 0);
  g_assert_cmpuint (prune (project, 30, now_usecs + 31 * DAY_USECS), ==, 1);
  g_assert_cmpuint (prune (project, 1, now_usecs + 999 * DAY_USECS), ==, 0);
  g_assert_cmpuint (vm_project_count (project), ==, 3);
}

/* Pinned between the plan and its execution. */
static void
test_pinned_meanwhile (VmProject *project, gconstpointer data)
{
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  g_auto (BkPrune) prune = { 0 };
  g_autoptr (BkBackup) pinned = NULL;

  g_assert_true (bk_prune_plan (project->repository, 1, g_get_real_time () + 2 * DAY_USECS, &prune,
                                NULL, NULL));
  g_assert_cmpuint (prune.backups->len, ==, 1);
  pinned = bk_backup_pin (project->repository, snapshot, "keep", "job", NULL, NULL, NULL);
  g_assert_cmpint (pinned->type, ==, BK_BACKUP_CHECKPOINT);
  g_assert_true (bk_prune_execute (project->repository, &prune, "job", NULL, NULL, NULL));
  g_assert_cmpuint (prune.failed_count, ==, 1);
  g_assert_cmpuint (vm_project_count (project), ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/ops/backup-delete/" path, VmProject, NULL, vm_project_set_up_cycle, func,          \
              vm_project_tear_down)
  ADD ("alone", test_delete);
  ADD ("protected", test_delete_protected);
  ADD ("protected-dependent", test_delete_protected_dependent);
  ADD ("unknown-dependents", test_delete_unknown_dependents);
  ADD ("unreachable-dependents", test_delete_unreachable_dependents);
  ADD ("interrupted", test_delete_interrupted);
  ADD ("hostile-ids", test_hostile_ids);
  ADD ("busy", test_busy);
  ADD ("prune", test_prune);
  ADD ("prune/pinned-meanwhile", test_pinned_meanwhile);
  return g_test_run ();
}
