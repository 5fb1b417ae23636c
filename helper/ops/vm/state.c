#include "ops/vm/state.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/domain-xml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static gboolean
keep_nvram (BkPointWriter *writer, const char *xml, BkVmStateMissing *missing, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) local = NULL;

  if (!bk_domain_xml_read_nvram (xml, &path, error))
    return FALSE;
  if (path == NULL || bk_point_writer_add_copy (writer, BK_STATE_NVRAM, path, &local))
    return TRUE;
  /* libvirt makes it from its template when the VM starts for the first time. */
  missing->misses_nvram = g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND);
  if (!missing->misses_nvram)
    g_propagate_error (error, g_steal_pointer (&local));
  return missing->misses_nvram;
}

/* swtpm writes each file anew as TMP-… or TMP2-…, and renames that to tpm-… or tpm2-…. */
static gboolean
is_whole_state (const char *file)
{
  return *file != '.' && !g_str_has_prefix (file, "TMP") && strchr (file, '@') == NULL;
}

/* One of swtpm's directories, tpm1.2 or tpm2. swtpm replaces each file as a whole, so that a copy is
 * never half of one; it removes what it needs no more. */
static gboolean
keep_tpm_files (
    BkPointWriter *writer, const char *directory, const char *name, guint *count, GError **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  autofd int fd = bk_open_directory (path, NULL);
  g_autoptr (GPtrArray) files = fd < 0 ? NULL : bk_list_directory (fd, error);

  if (fd < 0)
    return TRUE; /* a file, or gone */
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const char *file = g_ptr_array_index (files, i);
      g_autofree char *source = g_build_filename (path, file, NULL);
      g_autofree char *target = g_strconcat (BK_STATE_TPM_PREFIX, name, "@", file, NULL);
      g_autoptr (GError) local = NULL;

      if (!is_whole_state (file))
        continue; /* its lock, and what it is writing */
      if (bk_point_writer_add_copy (writer, target, source, &local))
        ++*count;
      else if (!g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return files != NULL;
}

static gboolean
keep_tpm (BkPointWriter *writer,
          const char *xml,
          const char *directory,
          BkVmStateMissing *missing,
          GError **error)
{
  gboolean has_tpm = FALSE;
  guint count = 0;

  if (!bk_domain_xml_has_tpm (xml, &has_tpm, error))
    return FALSE;
  if (!has_tpm)
    return TRUE;

  autofd int fd = directory == NULL ? -1 : bk_open_directory (directory, NULL);
  g_autoptr (GPtrArray) names = fd < 0 ? NULL : bk_list_directory (fd, error);
  if (fd >= 0 && names == NULL)
    return FALSE;
  for (guint i = 0; names != NULL && i < names->len; i++)
    {
      if (!keep_tpm_files (writer, directory, g_ptr_array_index (names, i), &count, error))
        return FALSE;
    }
  missing->misses_tpm = count == 0;
  return TRUE;
}

/**
 * bk_vm_state_keep:
 * @missing: (out): what the definition names and is not there
 *
 * Keeps the VM's definition, UEFI variables and TPM state with a backup.
 */
gboolean
bk_vm_state_keep (BkPointWriter *writer,
                  BkHypervisor *hypervisor,
                  const char *uuid,
                  BkVmStateMissing *missing,
                  GError **error)
{
  g_autofree char *xml = bk_hypervisor_get_xml (hypervisor, uuid, error);
  g_autofree char *tpm = bk_hypervisor_dup_tpm_directory (hypervisor, uuid);

  *missing = (BkVmStateMissing){ 0 };
  return xml != NULL && bk_point_writer_add_text (writer, BK_STATE_DEFINITION, xml, error) &&
         keep_nvram (writer, xml, missing, error) && keep_tpm (writer, xml, tpm, missing, error);
}

/* "data/<name>" → "<name>", of a file that is part of the state. */
static const char *
state_name (const BkBackupFile *file)
{
  const char *name = g_str_has_prefix (file->path, BK_POINT_DATA "/")
                         ? file->path + strlen (BK_POINT_DATA "/")
                         : NULL;

  if (name == NULL || !bk_name_is_safe (name))
    return NULL;
  return strcmp (name, BK_STATE_DEFINITION) == 0 || strcmp (name, BK_STATE_NVRAM) == 0 ||
                 g_str_has_prefix (name, BK_STATE_TPM_PREFIX)
             ? name
             : NULL;
}

/**
 * bk_vm_state_copy:
 * @chain: where it is
 * @writer: the backup that gets it too
 */
gboolean
bk_vm_state_copy (const BkVmChain *chain, BkPointWriter *writer, GError **error)
{
  for (guint i = 0; i < chain->backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (chain->backup->files, i);
      const char *name = state_name (file);
      g_autofree char *source = g_build_filename (chain->directory, file->path, NULL);

      if (name != NULL && !bk_point_writer_add_copy (writer, name, source, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_tpm (const BkBackupFile *file)
{
  const char *name = state_name (file);

  return name != NULL && g_str_has_prefix (name, BK_STATE_TPM_PREFIX);
}

/**
 * bk_vm_state_has_tpm:
 *
 * Returns: whether the backup kept the state of a TPM.
 */
gboolean
bk_vm_state_has_tpm (const BkVmChain *chain)
{
  for (guint i = 0; i < chain->backup->files->len; i++)
    {
      if (is_tpm (g_ptr_array_index (chain->backup->files, i)))
        return TRUE;
    }
  return FALSE;
}

static int
make_owned_directory (int dirfd, const char *name, uid_t uid, gid_t gid, GError **error)
{
  autofd int fd = bk_make_directory_at (dirfd, name, 0700, error);

  if (fd < 0)
    return -1;
  if (fchown (fd, uid, gid) < 0)
    {
      bk_error_set_errno (error, errno, "“%s” cannot be given to the user of the TPM", name);
      return -1;
    }
  return bk_fd_steal (&fd);
}

static gboolean
restore_tpm_file (const BkVmChain *chain,
                  const BkBackupFile *file,
                  int directory,
                  uid_t uid,
                  gid_t gid,
                  GError **error)
{
  g_auto (GStrv) parts = g_strsplit (state_name (file), "@", 3);
  autofd int from = bk_open_directory (chain->directory, error);
  g_autoptr (GBytes) bytes =
      from < 0 ? NULL : bk_read_small_file (from, file->path, BK_POINT_COPY_MAX_BYTES, error);

  if (bytes == NULL)
    return FALSE;
  if (g_strv_length (parts) != 3 || !bk_name_is_safe (parts[1]) || !bk_name_is_safe (parts[2]))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is no file of a TPM's state", file->path);
      return FALSE;
    }

  autofd int to = make_owned_directory (directory, parts[1], uid, gid, error);
  if (to < 0 || !bk_atomic_write (to, parts[2], g_bytes_get_data (bytes, NULL),
                                  g_bytes_get_size (bytes), 0600, error))
    return FALSE;
  return fchownat (to, parts[2], uid, gid, AT_SYMLINK_NOFOLLOW) == 0 ||
         bk_error_set_errno (error, errno, "“%s” cannot be given to the user of the TPM", parts[2]);
}

/**
 * bk_vm_state_restore_tpm:
 * @directory: made where it is not there; its parent is too
 * @uid: whom the state belongs to: the user as whom swtpm runs
 *
 * Puts the state of the TPM that a backup kept into @directory; does nothing where it kept none.
 */
gboolean
bk_vm_state_restore_tpm (
    const BkVmChain *chain, const char *directory, uid_t uid, gid_t gid, GError **error)
{
  for (guint i = 0; i < chain->backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (chain->backup->files, i);

      if (!is_tpm (file))
        continue;
      if (!bk_make_directories (directory, BK_PASSABLE_MODE))
        return bk_error_set_errno (error, errno, "The directory “%s” cannot be made", directory);

      autofd int fd = bk_open_directory (directory, error);
      if (fd < 0 || !restore_tpm_file (chain, file, fd, uid, gid, error))
        return FALSE;
    }
  return TRUE;
}
