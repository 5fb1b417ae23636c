#include "store/repository/point-writer.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/metadata.h"
#include "store-directory.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define ID "web1-Base-20261120_020000"
#define CREATED G_GINT64_CONSTANT (1795140000000000)

static BkPointWriter *
open_writer (int project, const char *path)
{
  g_autoptr (GError) error = NULL;
  BkBackup *backup = bk_backup_new (ID, "vm/web1", BK_BACKUP_FULL);

  backup->created_usecs = CREATED;
  BkPointWriter *writer = bk_point_writer_open (project, path, backup, &error);
  g_assert_no_error (error);
  return writer;
}

/* What is on disk, read back; NULL: nothing. */
static BkBackup *
read_back (const char *path)
{
  g_autofree char *file = g_build_filename (path, ID, "metadata.json", NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  if (!g_file_get_contents (file, &text, NULL, NULL))
    return NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));
  BkBackup *backup = bk_metadata_from_bytes (bytes, "It", &error);
  g_assert_no_error (error);
  return backup;
}

static gboolean
has_file (const char *path, const char *name)
{
  g_autofree char *file = g_build_filename (path, ID, BK_POINT_DATA, name, NULL);

  return g_file_test (file, G_FILE_TEST_EXISTS);
}

/* It says "running" at once, and "completed", with its files and their sums, only at the end. */
static void
test_running_then_completed (void)
{
  static const struct
  {
    gint64 now_usecs;
    gint64 completed_usecs;
  } cases[] = {
    { CREATED + 5 * G_USEC_PER_SEC, CREATED + 5 * G_USEC_PER_SEC },
    { CREATED - 5 * G_USEC_PER_SEC, CREATED }, /* the clock stepped back */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;
      autofd int project = store_directory_new (&path);
      g_autoptr (BkPointWriter) writer = open_writer (project, path);
      g_autoptr (BkBackup) begun = read_back (path);
      g_autofree char *wanted = g_build_filename (path, ID, "data", "a.qcow2", NULL);
      g_autofree char *named = bk_point_writer_file_path (writer, "a.qcow2");

      g_assert_cmpint (begun->status, ==, BK_BACKUP_RUNNING);
      g_assert_cmpuint (begun->files->len, ==, 0);
      g_assert_cmpstr (named, ==, wanted);
      g_assert_true (bk_point_writer_add_text (writer, "domain.xml", "<domain/>", NULL));
      g_autoptr (BkBackup) still = read_back (path);
      g_assert_cmpint (still->status, ==, BK_BACKUP_RUNNING);

      g_assert_true (bk_point_writer_complete (writer, cases[i].now_usecs, NULL));
      g_autoptr (BkBackup) completed = read_back (path);
      g_autofree char *sha256 = bk_sha256_hex_of ("<domain/>", strlen ("<domain/>"));
      const BkBackupFile *file = bk_backup_find_file (completed, "data/domain.xml");
      g_assert_cmpint (completed->status, ==, BK_BACKUP_COMPLETED);
      g_assert_cmpint (completed->completed_usecs, ==, cases[i].completed_usecs);
      g_assert_cmpstr (file->sha256, ==, sha256);
      g_autofree char *checksum = bk_backup_files_checksum (completed);
      g_assert_cmpstr (completed->checksum, ==, checksum);
      store_directory_remove (project, path);
    }
}

/* What an interrupted run left of the same id is taken up, and is no error. */
static void
test_taken_up_again (void)
{
  g_autofree char *path = NULL;
  autofd int project = store_directory_new (&path);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (BkPointWriter) writer = open_writer (project, path);

      g_assert_true (bk_point_writer_add_text (writer, "domain.xml", i == 0 ? "old" : "new", NULL));
    }
  g_autofree char *file = g_build_filename (path, ID, "data/domain.xml", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "new");
  store_directory_remove (project, path);
}

static void
test_copies (void)
{
  static const struct
  {
    const char *source; /* in the project; NULL: a link to another file */
    gsize size_bytes;
    int fails; /* a BkError; -1: it is copied */
  } cases[] = {
    { "vars", 0, -1 },
    { "vars", 65536, -1 },
    { "vars", 64 * 1024 * 1024 + 1, BK_ERROR_INTEGRITY }, /* no UEFI variables are so large */
    { "missing", 0, BK_ERROR_NOT_FOUND },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;
      autofd int project = store_directory_new (&path);
      g_autoptr (BkPointWriter) writer = open_writer (project, path);
      g_autofree char *vars = g_build_filename (path, "vars", NULL);
      g_autofree char *source = g_build_filename (path, cases[i].source, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_true (g_file_set_contents (vars, "", 0, NULL));
      g_assert_cmpint (truncate (vars, (off_t) cases[i].size_bytes), ==, 0);
      gboolean copied = bk_point_writer_add_copy (writer, "nvram", source, &error);
      g_assert_cmpint (copied, ==, cases[i].fails < 0);
      g_assert_cmpint (has_file (path, "nvram"), ==, copied);
      g_assert_cmpint (bk_backup_find_file (bk_point_writer_backup (writer), "data/nvram") != NULL,
                       ==, copied);
      if (!copied)
        {
          g_assert_cmpint (bk_error_code (error), ==, cases[i].fails);
          g_assert_nonnull (strstr (error->message, cases[i].source));
        }
      store_directory_remove (project, path);
    }
}

/* One that did not come about leaves the record of why, or nothing; never its files. */
static void
test_discard (void)
{
  static const struct
  {
    BkBackupStatus status;
    const char *why;
  } cases[] = {
    { BK_BACKUP_RUNNING, NULL },
    { BK_BACKUP_RUNNING, "There was no room" },
    { BK_BACKUP_COMPLETED, "Its family was given up" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;
      autofd int project = store_directory_new (&path);
      g_autoptr (BkPointWriter) writer = open_writer (project, path);
      g_autoptr (GError) error = NULL;

      g_assert_true (bk_point_writer_add_text (writer, "domain.xml", "<domain/>", NULL));
      if (cases[i].status == BK_BACKUP_COMPLETED)
        g_assert_true (bk_point_writer_complete (writer, CREATED, NULL));
      g_assert_true (bk_point_discard (project, bk_point_writer_backup (writer), cases[i].why,
                                       CREATED + 1, &error));
      g_assert_no_error (error);
      g_assert_false (has_file (path, "domain.xml"));
      g_autoptr (BkBackup) left = read_back (path);
      g_autofree char *directory = g_build_filename (path, ID, NULL);
      g_assert_cmpint (g_file_test (directory, G_FILE_TEST_EXISTS), ==, cases[i].why != NULL);
      g_assert_cmpint (left != NULL, ==, cases[i].why != NULL);
      if (left != NULL)
        {
          g_assert_cmpint (left->status, ==, BK_BACKUP_FAILED);
          g_assert_cmpstr (left->error_message, ==, cases[i].why);
          g_assert_cmpuint (left->files->len, ==, 0);
          g_assert_cmpuint (left->size_bytes, ==, 0);
        }
      store_directory_remove (project, path);
    }
}

/* A name that leads elsewhere is not followed: nothing is written there. */
static void
test_a_link_in_its_place (void)
{
  g_autofree char *path = NULL;
  g_autofree char *elsewhere = NULL;
  autofd int project = store_directory_new (&path);
  autofd int other = store_directory_new (&elsewhere);
  g_autofree char *link = g_build_filename (path, ID, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink (elsewhere, link), ==, 0);
  g_assert_null (
      bk_point_writer_open (project, path, bk_backup_new (ID, "vm/web1", BK_BACKUP_FULL), &error));
  g_assert_nonnull (error);
  g_autoptr (GPtrArray) names = bk_list_directory (other, NULL);
  g_assert_cmpuint (names->len, ==, 0);
  store_directory_remove (project, path);
  store_directory_remove (other, elsewhere);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/point-writer/running-then-completed", test_running_then_completed);
  g_test_add_func ("/store/point-writer/taken-up-again", test_taken_up_again);
  g_test_add_func ("/store/point-writer/copies", test_copies);
  g_test_add_func ("/store/point-writer/discard", test_discard);
  g_test_add_func ("/store/point-writer/a-link-in-its-place", test_a_link_in_its_place);
  return g_test_run ();
}
