/* What a backup keeps of a VM's TPM, whose swtpm may be writing meanwhile, and that it can be put back. */
#include "ops/vm/state.h"

#include "base/path.h"
#include "store/repository/catalogue.h"
#include "unit/ops/vm-project.h"

#include <string.h>
#include <unistd.h>

#define STATE_BYTES (17 * 1024 * 1024)

static void
set_up (VmProject *project, gconstpointer data)
{
  vm_project_set_up (project, data);
  project->request.quiesce = FALSE;
  project->hypervisor->xml =
      g_strdup ("<domain><devices><tpm><backend type='emulator'/></tpm></devices></domain>");
  project->hypervisor->tpm_directory = g_build_filename (project->root, "swtpm", NULL);
}

static void
add_state (VmProject *project, const char *name, const char *text, gssize length_bytes)
{
  g_autofree char *directory = g_build_filename (project->hypervisor->tpm_directory, "tpm2", NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length_bytes, NULL));
}

/* swtpm writes under such a name, and renames: what is there is half of a state, and may be gone any moment. */
static void
test_only_what_is_whole (VmProject *project, gconstpointer data)
{
  add_state (project, "tpm2-00.permall", "whole", -1);
  add_state (project, "TMP2-00.permall", "ha", -1);
  add_state (project, "TMP-00.permall", "ha", -1);
  add_state (project, ".lock", "", -1);
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");

  g_autoptr (BkBackup) backup = bk_catalogue_newest_completed (project->repository, "vm/web1");
  guint count = 0;
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      count += g_str_has_prefix (file->path, "data/tpm@");
    }
  g_assert_cmpuint (count, ==, 1);
  g_assert_nonnull (bk_backup_find_file (backup, "data/tpm@tpm2@tpm2-00.permall"));
}

/* What could be kept can be restored, however large it is. */
static void
test_large (VmProject *project, gconstpointer data)
{
  g_autofree char *state = g_strnfill (STATE_BYTES, 't');
  g_autofree char *target = g_build_filename (project->root, "restored", NULL);
  g_autofree char *path = g_build_filename (target, "tpm2", "tpm2-00.permall", NULL);
  g_autofree char *restored = NULL;
  gsize length_bytes;
  g_autoptr (GError) error = NULL;

  add_state (project, "tpm2-00.permall", state, STATE_BYTES);
  vm_project_expect (project, "base", "begin(vda! vdb! vdc) wait");
  g_autofree char *full_id = vm_project_id_of (project, "Base");
  g_autoptr (BkVmChain) chain = bk_vm_chain_open (project->repository, full_id, &error);
  g_assert_no_error (error);
  bk_vm_state_restore_tpm (chain, target, getuid (), getgid (), &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &restored, &length_bytes, NULL));
  g_assert_cmpmem (restored, length_bytes, state, STATE_BYTES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/ops/vm-state/" path, VmProject, NULL, set_up, func, vm_project_tear_down)
  ADD ("tpm/only-what-is-whole", test_only_what_is_whole);
  ADD ("tpm/large", test_large);
  return g_test_run ();
}
