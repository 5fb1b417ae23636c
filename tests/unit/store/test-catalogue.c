#include "store/repository/catalogue.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct
{
  char *root;
  BkRepository *repository;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bk-catalogue-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->repository = bk_repository_open (fixture->root, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  int fd = bk_repository_fd (fixture->repository);
  g_autoptr (GPtrArray) names = bk_list_directory (fd, NULL);

  for (guint i = 0; i < names->len; i++)
    g_assert_true (bk_remove_tree_at (fd, g_ptr_array_index (names, i), NULL));
  g_object_unref (fixture->repository);
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);
  g_free (fixture->root);
}

static void
put (Fixture *fixture,
     const char *directory,
     const char *file_name,
     const char *project_id,
     const char *id,
     BkBackupStatus status,
     gint64 created_usecs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkBackup) backup = bk_backup_new (id, project_id, BK_BACKUP_FULL);
  autofd int fd =
      bk_make_directory_at (bk_repository_fd (fixture->repository), directory, 0711, &error);

  g_assert_no_error (error);
  backup->status = status;
  backup->created_usecs = created_usecs;
  g_autoptr (JsonNode) node = bk_metadata_to_json (backup, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);
  g_assert_true (bk_atomic_write (fd, file_name, text, strlen (text), 0600, &error));
}

static void
fill (Fixture *fixture)
{
  put (fixture, "vm/web1/web1-Base-20261118_020000", "metadata.json", "vm/web1",
       "web1-Base-20261118_020000", BK_BACKUP_COMPLETED, 2000000);
  put (fixture, "vm/web1/web1-Base-20261117_020000", "metadata.json", "vm/web1",
       "web1-Base-20261117_020000", BK_BACKUP_RUNNING, 1000000);
  put (fixture, "tree/h/d/gen-2026-11-18", "2026-11-18T02-00-00.metadata.json", "tree/h/d",
       "2026-11-18T02-00-00", BK_BACKUP_COMPLETED, 3000000);
  put (fixture, "event-log/default", "backup-eventlog-20261118-020000.metadata.json",
       "event-log/default", "backup-eventlog-20261118-020000", BK_BACKUP_COMPLETED, 4000000);
}

static void
test_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fill (fixture);
  g_autoptr (GPtrArray) all =
      bk_catalogue_list (fixture->repository, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 4);

  const BkBackup *event_log = g_ptr_array_index (all, 0);
  const BkBackup *tree = g_ptr_array_index (all, 1);
  const BkBackup *interrupted = g_ptr_array_index (all, 2);
  const BkBackup *base = g_ptr_array_index (all, 3);
  g_assert_cmpstr (event_log->directory, ==, "event-log/default");
  g_assert_cmpstr (tree->directory, ==, "tree/h/d/gen-2026-11-18");
  g_assert_cmpstr (base->id, ==, "web1-Base-20261118_020000");
  g_assert_cmpint (interrupted->status, ==, BK_BACKUP_FAILED);

  /* While somebody holds the project, what says "running" is believed. */
  g_autoptr (BkLock) lock =
      bk_repository_lock_project (fixture->repository, "vm/web1", "job-1", &error);
  g_autoptr (BkLock) second =
      bk_repository_lock_project (fixture->repository, "vm/web1", "job-2", &error);
  g_assert_null (second);
  g_assert_error (error, BK_ERROR, BK_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "job-1"));
  g_clear_error (&error);
  g_autoptr (BkBackup) running =
      bk_catalogue_find (fixture->repository, "vm/web1/web1-Base-20261117_020000", &error);
  g_assert_no_error (error);
  g_assert_cmpint (running->status, ==, BK_BACKUP_RUNNING);
}

static void
test_find (Fixture *fixture, gconstpointer data)
{
  static const char *const ids[] = { "vm/web1/web1-Base-20261118_020000",
                                     "tree/h/d/2026-11-18T02-00-00",
                                     "event-log/default/backup-eventlog-20261118-020000" };
  static const struct
  {
    const char *id;
    BkError code;
  } wrong[] = {
    { "vm/web1/none", BK_ERROR_NOT_FOUND },        { "vm/other/none", BK_ERROR_NOT_FOUND },
    { "tree/h/d/none", BK_ERROR_NOT_FOUND },       { "vm/web1/../../x", BK_ERROR_USAGE },
    { "event-log/default/x", BK_ERROR_NOT_FOUND }, { "vm/web1", BK_ERROR_USAGE },
  };

  fill (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BkBackup) backup = bk_catalogue_find (fixture->repository, ids[i], &error);

      g_assert_no_error (error);
      g_autofree char *full_id = bk_backup_full_id (backup);
      g_assert_cmpstr (full_id, ==, ids[i]);
      autofd int fd = bk_catalogue_open_files (fixture->repository, backup, &error);
      g_assert_no_error (error);
      g_assert_cmpint (fd, >=, 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (bk_catalogue_find (fixture->repository, wrong[i].id, &error));
      g_assert_error (error, BK_ERROR, (int) wrong[i].code);
    }
}

static void
count_problem (const char *where, const GError *error, gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_renamed_and_broken (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint problems = 0;

  fill (fixture);
  put (fixture, "vm/web1/web1-Base-copied", "metadata.json", "vm/web1", "web1-Base-20261118_020000",
       BK_BACKUP_COMPLETED, 1);
  autofd int fd = bk_make_directory_at (bk_repository_fd (fixture->repository),
                                        "vm/web1/web1-Base-broken", 0711, &error);
  g_assert_true (bk_atomic_write (fd, "metadata.json", "{", 1, 0600, &error));
  autofd int empty = bk_make_directory_at (bk_repository_fd (fixture->repository),
                                           "vm/web1/web1-Base-unpublished", 0711, &error);
  g_assert_cmpint (empty, >=, 0);

  g_autoptr (GPtrArray) all =
      bk_catalogue_list (fixture->repository, "vm/web1", count_problem, &problems, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 2);
  g_assert_cmpuint (problems, ==, 2);
}

/* Whether a list taken with so few handles is the whole one, or says that it is not. */
static gboolean
is_whole_or_says_so (Fixture *fixture, const char *project_id, guint whole_count, rlim_t handles)
{
  struct rlimit before;
  guint problems = 0;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  const struct rlimit few = { handles, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  g_autoptr (GPtrArray) list =
      bk_catalogue_list (fixture->repository, project_id, count_problem, &problems, NULL, &error);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);

  g_assert_true ((list == NULL) == (error != NULL));
  if (list != NULL && problems == 0)
    g_assert_cmpuint (list->len, ==, whole_count);
  return list != NULL && problems == 0;
}

/* What else is in the project is deleted by what this list says of it. */
static void
test_never_silently_short (Fixture *fixture, gconstpointer data)
{
  static const char *const projects[] = { "vm/web1", "tree/h/d", "event-log/default", NULL };

  fill (fixture);
  g_assert_cmpint (symlinkat ("web1-Base-20261118_020000", bk_repository_fd (fixture->repository),
                              "vm/web1/web1-Base-link"),
                   ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (projects); i++)
    {
      g_autoptr (GPtrArray) whole =
          bk_catalogue_list (fixture->repository, projects[i], NULL, NULL, NULL, NULL);
      rlim_t handles = (rlim_t) bk_repository_fd (fixture->repository);
      guint short_count = 0;

      g_assert_cmpuint (whole->len, >, 0);
      while (!is_whole_or_says_so (fixture, projects[i], whole->len, handles))
        {
          handles++;
          short_count++;
        }
      g_assert_cmpuint (short_count, >, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/store/catalogue/list", Fixture, NULL, set_up, test_list, tear_down);
  g_test_add ("/store/catalogue/find", Fixture, NULL, set_up, test_find, tear_down);
  g_test_add ("/store/catalogue/renamed-and-broken", Fixture, NULL, set_up, test_renamed_and_broken,
              tear_down);
  g_test_add ("/store/catalogue/never-silently-short", Fixture, NULL, set_up,
              test_never_silently_short, tear_down);
  return g_test_run ();
}
