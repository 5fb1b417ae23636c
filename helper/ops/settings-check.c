#include "ops/settings-check.h"

#include "base/error.h"
#include "base/passable.h"
#include "base/quantity.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Below this a repository cannot hold anything of use. */
#define FREE_MIN_BYTES (G_GUINT64_CONSTANT (64) * 1024 * 1024)
#define IMAGES_DIR "/var/lib/libvirt/images"

/* The part of @path that is there already. */
static char *
existing_part (const char *path)
{
  g_autofree char *part = g_canonicalize_filename (path, "/");
  struct stat st;

  while (lstat (part, &st) < 0 && strcmp (part, "/") != 0)
    {
      char *parent = g_path_get_dirname (part);

      g_free (part);
      part = parent;
    }
  return g_steal_pointer (&part);
}

/**
 * bk_space_at:
 * @path: absolute; of what is not there yet, where it would be
 *
 * Returns: whether it can be told.
 */
gboolean
bk_space_at (const char *path, BkSpace *space)
{
  g_autofree char *part = existing_part (path);
  struct statvfs vfs;

  *space = (BkSpace){ 0 };
  if (statvfs (part, &vfs) < 0)
    return FALSE;
  space->free_bytes = (guint64) vfs.f_bavail * vfs.f_frsize;
  space->total_bytes = (guint64) vfs.f_blocks * vfs.f_frsize;
  return TRUE;
}

static gboolean
check_writable (const char *path, GError **error)
{
  g_autofree char *part = existing_part (path);
  struct stat st;

  if (stat (part, &st) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be looked at", part);
  if (!S_ISDIR (st.st_mode))
    {
      bk_set_error (error, BK_ERROR_USAGE, "“%s” is no directory; choose another", part);
      return FALSE;
    }
  if (faccessat (AT_FDCWD, part, W_OK | X_OK, AT_EACCESS) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be written to", part);
  return TRUE;
}

static gboolean
check_space (const char *path, GError **error)
{
  BkSpace space;

  if (!bk_space_at (path, &space) || space.free_bytes >= FREE_MIN_BYTES)
    return TRUE;
  g_autofree char *has = bk_size_text (space.free_bytes);
  g_autofree char *needs = bk_size_text (FREE_MIN_BYTES);
  bk_set_error (error, BK_ERROR_NO_SPACE,
                "There is not enough space at “%s”: a repository needs at least %s, it has %s",
                path, needs, has);
  return FALSE;
}

static gboolean
is_at_or_below (const char *path, const char *directory)
{
  gsize length = strlen (directory);

  return strncmp (path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* A directory of images two names deep or deeper is taken for one with nothing else in it; what holds
 * a disk beside everything else, as “/srv”, may hold a repository too, in a directory of its own. */
static gboolean
is_among_images (const char *path, const char *image_path)
{
  g_autofree char *directory = g_path_get_dirname (image_path);
  const char *slash = strchr (directory + 1, '/');

  return slash == NULL ? strcmp (path, directory) == 0 : is_at_or_below (path, directory);
}

static gboolean
set_among (GError **error, const char *path, const char *image_path)
{
  bk_set_error (
      error, BK_ERROR_USAGE,
      "“%s” is where disks of virtual machines are kept (“%s”): what takes the disks would "
      "take their backups too. Choose a directory of its own, best on another disk.",
      path, image_path);
  return FALSE;
}

static gboolean
check_image (const char *path, const char *image_path, GError **error)
{
  if (image_path == NULL || *image_path != '/' ||
      (!is_among_images (path, image_path) && !is_at_or_below (image_path, path)))
    return TRUE;
  return set_among (error, path, image_path);
}

/* Where libvirt does not answer, only its usual directory is known. */
static gboolean
check_images (const char *path, BkHypervisor *hypervisor, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) vms =
      hypervisor == NULL ? NULL : bk_hypervisor_list (hypervisor, cancellable, NULL);
  g_autoptr (GPtrArray) images =
      hypervisor == NULL ? NULL : bk_hypervisor_list_images (hypervisor, cancellable, NULL);

  if (is_at_or_below (path, IMAGES_DIR))
    return set_among (error, path, IMAGES_DIR);
  for (guint i = 0; images != NULL && i < images->len; i++)
    {
      const BkVmImage *image = g_ptr_array_index (images, i);

      if (!check_image (path, image->path, error))
        return FALSE;
    }
  for (guint i = 0; vms != NULL && i < vms->len; i++)
    {
      const BkVm *vm = g_ptr_array_index (vms, i);

      for (guint j = 0; j < vm->disks->len; j++)
        {
          const BkVmDisk *disk = g_ptr_array_index (vm->disks, j);

          if (strcmp (disk->device, "disk") == 0 && !check_image (path, disk->path, error))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_passable (const char *path, BkHypervisor *hypervisor, GError **error)
{
  uid_t uid;
  gid_t gid;

  if (hypervisor == NULL || !bk_hypervisor_get_writer (hypervisor, NULL, &uid, &gid))
    return TRUE;
  g_autofree char *directory = bk_find_impassable (path, uid, gid);
  if (directory == NULL)
    return TRUE;
  bk_set_error (
      error, BK_ERROR_DENIED,
      "QEMU, which writes the copies, may not pass “%s”: allow it with “chmod o+x %s”, or "
      "choose another directory",
      directory, directory);
  return FALSE;
}

/**
 * bk_setting_check:
 * @text: a value of the right form
 *
 * Looks whether the value can work on this machine. Only directories can be wrong in that way.
 *
 * Errors: %BK_ERROR_USAGE, %BK_ERROR_DENIED, %BK_ERROR_NO_SPACE with the reason and what to do.
 */
gboolean
bk_setting_check (const BkSetting *setting,
                  const char *text,
                  BkHypervisor *hypervisor,
                  GCancellable *cancellable,
                  GError **error)
{
  if (setting->type != BK_SETTING_PATH)
    return TRUE;

  g_autofree char *path = g_canonicalize_filename (text, "/");
  if (!check_writable (path, error))
    return FALSE;
  if (strcmp (setting->name, "repository_dir") != 0)
    return TRUE;
  return check_images (path, hypervisor, cancellable, error) &&
         check_passable (path, hypervisor, error) && check_space (path, error);
}
