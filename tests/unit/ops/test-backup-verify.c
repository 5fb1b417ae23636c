/* Backups are read again, and copied for good: what is damaged in them, and what is no label. */
#include "base/error.h"
#include "base/fd.h"
#include "ops/backup/pin.h"
#include "ops/backup/verify.h"
#include "store/repository/catalogue.h"
#include "unit/ops/vm-project.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_labels (VmProject *project, gconstpointer data)
{
  g_autofree char *snapshot = vm_project_id_of (project, "Snapshot");
  g_autofree char *longest = g_strnfill (200, 'x');
  g_autofree char *too_long = g_strnfill (201, 'x');
  const struct
  {
    const char *label;
    gboolean good;
  } cases[] = {
    { "", FALSE },       { "two\nlines", FALSE }, { "\033[2J", FALSE },      { "\xff", FALSE },
    { too_long, FALSE }, { longest, TRUE },       { "vor dem Ümbau", TRUE }, { "<b> & \"'", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BkBackup) pinned =
          bk_backup_pin (project->repository, snapshot, cases[i].label, "job", NULL, NULL, &error);

      g_assert_cmpint (pinned != NULL, ==, cases[i].good);
      if (cases[i].good)
        g_assert_cmpstr (pinned->tags[0], ==, cases[i].label);
      else
        g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
  g_assert_cmpuint (vm_project_count (project), ==, 4);
}

/* Returns: (transfer full): the first file of a backup with this ending. */
static char *
file_of (VmProject *project, const char *full_id, const char *ending)
{
  g_autofree char *data = g_build_filename (project->root, full_id, "data", NULL);
  g_autoptr (GDir) dir = g_dir_open (data, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (name, ending))
        return g_build_filename (data, name, NULL);
    }
  g_assert_not_reached ();
}

static void
flip_byte (const char *path)
{
  autofd int fd = open (path, O_RDWR | O_CLOEXEC);
  char byte;

  g_assert_cmpint (pread (fd, &byte, 1, 100), ==, 1);
  byte ^= 1;
  g_assert_cmpint (pwrite (fd, &byte, 1, 100), ==, 1);
}

/* All its sums are right, and qemu-img, as root, would read a file of this host into what is restored. */
static void
test_hostile_image (VmProject *project, gconstpointer data)
{
  g_autofree char *backing = g_build_filename (project->root, "secret", NULL);
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (backing, "secret", -1, NULL));
  project->hypervisor->backing = g_strdup (backing);
  vm_project_expect (project, "standalone", "begin(vda vdb vdc) wait");
  g_autoptr (BkBackup) backup = bk_catalogue_newest_completed (project->repository, "vm/web1");
  g_assert_false (
      bk_backup_verify (project->repository, backup, TRUE, verified, NULL, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_nonnull (strstr (error->message, backing));
}

/* Of a point in a cycle a copy is made, which the end of the cycle leaves alone. */
static void
test_pin_copies (VmProject *project, gconstpointer data)
{
  g_autofree char *incremental = vm_project_id_of (project, "Inc");
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (BkBackup) pinned =
      bk_backup_pin (project->repository, incremental, "keep", "job", NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (pinned->type, ==, BK_BACKUP_CHECKPOINT);
  g_assert_null (pinned->parent_backup_id);
  g_assert_null (strstr (incremental, pinned->id));
  g_autofree char *full_id = bk_backup_full_id (pinned);
  g_autoptr (BkBackup) found = bk_catalogue_find (project->repository, full_id, &error);
  g_assert_no_error (error);
  bk_backup_verify (project->repository, found, TRUE, verified, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vm_project_count (project), ==, 5);
}

/* A copy of what is broken would have right sums of wrong bytes. */
static void
test_pin_broken (VmProject *project, gconstpointer data)
{
  g_autofree char *base = vm_project_id_of (project, "Base");
  g_autofree char *incremental = vm_project_id_of (project, "Inc");
  g_autofree char *image = file_of (project, base, ".qcow2");
  g_autoptr (GError) error = NULL;

  flip_byte (image);
  g_assert_null (
      bk_backup_pin (project->repository, incremental, "keep", "job", NULL, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_cmpuint (vm_project_count (project), ==, 4);
}

typedef struct
{
  const char *part;   /* of the backup that is damaged */
  const char *ending; /* of the file in it */
  const char *how;
} Damage;

static void
damage (VmProject *project, const Damage *damage)
{
  g_autofree char *full_id = vm_project_id_of (project, damage->part);
  g_autofree char *file = strcmp (damage->ending, "metadata.json") == 0
                              ? g_build_filename (project->root, full_id, damage->ending, NULL)
                              : file_of (project, full_id, damage->ending);
  struct stat st;

  g_assert_cmpint (stat (file, &st), ==, 0);
  if (strcmp (damage->how, "flip") == 0)
    flip_byte (file);
  else if (strcmp (damage->how, "cut") == 0)
    g_assert_cmpint (truncate (file, st.st_size - 3), ==, 0);
  else if (strcmp (damage->how, "grow") == 0)
    g_assert_cmpint (truncate (file, st.st_size + 1), ==, 0);
  else
    g_assert_cmpint (unlink (file), ==, 0);
  if (strcmp (damage->how, "link") == 0)
    g_assert_cmpint (symlink ("/dev/null", file), ==, 0);
  if (strcmp (damage->how, "directory") == 0)
    g_assert_cmpint (mkdir (file, 0700), ==, 0);
}

/* Whatever is wrong with one of them, what continues it is not whole. */
static void
test_verify (VmProject *project, gconstpointer data)
{
  g_autoptr (GPtrArray) all =
      bk_catalogue_list (project->repository, "vm/web1", NULL, NULL, NULL, NULL);
  const BkBackup *newest = g_ptr_array_index (all, 2);
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (newest->parent_backup_id);
  bk_backup_verify (project->repository, newest, TRUE, verified, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (verified), ==, 3);
  g_hash_table_remove_all (verified);

  damage (project, data);
  g_assert_false (
      bk_backup_verify (project->repository, newest, TRUE, verified, NULL, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_cmpuint (g_hash_table_size (verified), <, 3);
}

int
main (int argc, char **argv)
{
  static const Damage damages[] = {
    { "Base", ".qcow2", "flip" },       { "Base", ".qcow2", "cut" },
    { "Base", ".qcow2", "grow" },       { "Base", ".qcow2", "gone" },
    { "Base", ".qcow2", "link" },       { "Base", ".qcow2", "directory" },
    { "Base", "domain.xml", "cut" },    { "Base", "domain.xml", "gone" },
    { "Base", "metadata.json", "cut" }, { "Base", "metadata.json", "gone" },
    { "Inc", ".qcow2", "flip" },        { "Inc", ".qcow2", "gone" },
  };

  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func)                                                                      \
  g_test_add (path, VmProject, data, vm_project_set_up_cycle, func, vm_project_tear_down)
  ADD ("/ops/backup-verify/hostile-image", NULL, test_hostile_image);
  ADD ("/ops/backup-verify/pin/labels", NULL, test_labels);
  ADD ("/ops/backup-verify/pin/copies", NULL, test_pin_copies);
  ADD ("/ops/backup-verify/pin/broken", NULL, test_pin_broken);
  for (guint i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *name = g_strdup_printf ("/ops/backup-verify/%s-%s-%s", damages[i].part,
                                               damages[i].ending, damages[i].how);

      ADD (name, &damages[i], test_verify);
    }
  return g_test_run ();
}
