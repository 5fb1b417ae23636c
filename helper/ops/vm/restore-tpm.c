#include "ops/vm/restore-tpm.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "ops/vm/state.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* As whom swtpm runs: whoever owns the state of the VM that was backed up, where that is still there;
 * else one of the users that distributions set up for it. */
static void
find_tpm_owner (const char *old_directory, uid_t *uid, gid_t *gid)
{
  static const char *const names[] = { "tss", "swtpm" };
  autofd int fd = bk_open_directory (old_directory, NULL);
  g_autoptr (GPtrArray) entries = fd < 0 ? NULL : bk_list_directory (fd, NULL);
  struct stat st;

  if (entries != NULL && entries->len > 0 &&
      fstatat (fd, g_ptr_array_index (entries, 0), &st, AT_SYMLINK_NOFOLLOW) == 0)
    {
      *uid = st.st_uid;
      *gid = st.st_gid;
      return;
    }
  *uid = 0;
  *gid = 0;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const struct passwd *user = getpwnam (names[i]);

      if (user == NULL)
        continue;
      *uid = user->pw_uid;
      *gid = user->pw_gid;
      return;
    }
}

/**
 * bk_restore_tpm_path:
 *
 * Returns: (transfer full): the directory that the state of a VM's TPM is restored to beside its images.
 */
char *
bk_restore_tpm_path (const char *directory, const char *vm)
{
  g_autofree char *name = g_strconcat (vm, "-tpm", NULL);

  return g_build_filename (directory, name, NULL);
}

static char *
path_beside_images (const BkRestoreJournal *journal)
{
  g_autofree char *directory = g_path_get_dirname (g_ptr_array_index (journal->paths, 0));

  return bk_restore_tpm_path (directory, journal->vm);
}

/* A new VM's is written where it belongs: its UUID is nobody else's. */
static char *
path_to_write (const BkRestoreJournal *journal, BkHypervisor *hypervisor)
{
  if (journal->mode == BK_RESTORE_AS_NEW)
    return bk_hypervisor_dup_tpm_directory (hypervisor, journal->uuid);

  g_autofree char *path = path_beside_images (journal);
  return bk_restore_temporary_path (path, journal->tag);
}

/**
 * bk_restore_tpm_write:
 * @journal: is on disk: what dies from here on is removed by it
 *
 * Writes the state of the TPM that the backup kept; does nothing where it kept none.
 */
gboolean
bk_restore_tpm_write (const BkRestoreJournal *journal,
                      const BkVmChain *chain,
                      BkHypervisor *hypervisor,
                      GError **error)
{
  g_autofree char *directory = path_to_write (journal, hypervisor);
  uid_t uid = getuid ();
  gid_t gid = getgid ();

  if (directory == NULL || !bk_vm_state_has_tpm (chain))
    return TRUE;
  if (journal->mode == BK_RESTORE_AS_NEW)
    {
      g_autofree char *old = bk_hypervisor_dup_tpm_directory (hypervisor, chain->point->uuid);

      find_tpm_owner (old, &uid, &gid);
    }
  return bk_vm_state_restore_tpm (chain, directory, uid, gid, error);
}

static gboolean
remove_directory (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  autofd int fd = bk_open_directory (parent, error);

  return fd >= 0 && bk_remove_tree_at (fd, name, error) && bk_sync_directory (fd, parent, error);
}

static gboolean
rename_to_place (const char *from, const char *to, gboolean overwrite)
{
  return renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ||
         (overwrite && errno == EEXIST &&
          renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0);
}

/**
 * bk_restore_tpm_place:
 * @journal: of a restore to a directory, whose files have their places
 *
 * Gives the state beside the images its name: the last step, so that what is under the temporary name
 * after it is what was replaced. It can be repeated.
 *
 * Errors: what appeared under that name meanwhile is not replaced unasked.
 */
gboolean
bk_restore_tpm_place (const BkRestoreJournal *journal, GError **error)
{
  g_autofree char *path = path_beside_images (journal);
  g_autofree char *temporary = bk_restore_temporary_path (path, journal->tag);

  if (!g_file_test (temporary, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!rename_to_place (temporary, path, journal->overwrite))
    return bk_error_set_errno (error, errno, "“%s” cannot be put in its place", path);
  return remove_directory (temporary, error);
}

/**
 * bk_restore_may_be_defined:
 *
 * Returns: whether there is a VM of the UUID that a restore made, or nobody can tell.
 */
gboolean
bk_restore_may_be_defined (const BkRestoreJournal *journal, BkHypervisor *hypervisor)
{
  g_autoptr (GError) local = NULL;

  if (journal->mode != BK_RESTORE_AS_NEW)
    return FALSE;

  g_autoptr (BkVm) vm = bk_hypervisor_find_by_uuid (hypervisor, journal->uuid, &local);

  return !g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND);
}

/**
 * bk_restore_tpm_remove:
 * @journal: of a restore that did not come about
 *
 * Removes what bk_restore_tpm_write() wrote, whatever has become of the backup since; never the state of a
 * VM that there is.
 */
void
bk_restore_tpm_remove (const BkRestoreJournal *journal, BkHypervisor *hypervisor)
{
  if (journal->mode == BK_RESTORE_IN_PLACE || bk_restore_may_be_defined (journal, hypervisor))
    return;

  g_autofree char *path = path_to_write (journal, hypervisor);
  if (path != NULL)
    remove_directory (path, NULL);
}
