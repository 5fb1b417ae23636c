/* What libvirt's XML does not say of a VM's disks: their sizes, and which images they are. */
#include "base/fd.h"
#include "vm/libvirt-private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The first bytes of a qcow2 image: "QFI\xfb", and its version, big-endian. */
static gboolean
is_old_qcow2 (int fd)
{
  static const guint8 version_2[] = { 'Q', 'F', 'I', 0xfb, 0, 0, 0, 2 };
  guint8 header[sizeof version_2];

  return pread (fd, header, sizeof header, 0) == sizeof header &&
         memcmp (header, version_2, sizeof header) == 0;
}

/* Where root is nobody (NFS), QEMU's user can read what this program cannot. */
static gboolean
is_for_others_only (int errnum)
{
  return errnum == EACCES || errnum == EPERM;
}

static void
look_at_file (BkVmDisk *disk)
{
  autofd int fd = open (disk->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  int errnum = fd < 0 ? errno : 0;

  disk->is_gone = errnum == ENOENT || errnum == ENOTDIR;
  disk->read_errno = disk->is_gone || is_for_others_only (errnum) ? 0 : errnum;
  disk->is_old_qcow2 = fd >= 0 && g_strcmp0 (disk->format, "qcow2") == 0 && is_old_qcow2 (fd);
}

/* A file that was put in the place of another has its name but not its number. Some file systems in
 * user space number anew with each mount: there the name has to do. */
static void
add_file_number (char **image, const char *path, const struct stat *st)
{
  struct statfs fs;

  if (statfs (path, &fs) < 0 || fs.f_type == FUSE_SUPER_MAGIC)
    return;

  char *numbered = g_strdup_printf ("%s#%" G_GUINT64_FORMAT, *image, (guint64) st->st_ino);
  g_free (*image);
  *image = numbered;
}

static void
look_at_images (BkVmDisk *disk)
{
  for (guint i = 0; i < disk->images->len; i++)
    {
      char **image = (char **) &g_ptr_array_index (disk->images, i);
      const char *path = g_str_has_prefix (*image, "file:") ? *image + strlen ("file:") : NULL;
      struct stat st;

      if (path == NULL || stat (path, &st) < 0)
        continue;
      if (i > 0)
        disk->below_bytes += (guint64) st.st_blocks * 512;
      add_file_number (image, path, &st);
    }
  /* The “path” of a volume on the network is a name that only its pool knows. */
  if (disk->path != NULL && g_path_is_absolute (disk->path))
    look_at_file (disk);
}

/* A volume is a file or device of a pool; only the pool knows which. Without it libvirt says nothing of
 * the disk's size while the VM is off. */
static void
look_up_volume (virDomainPtr domain, BkVmDisk *disk)
{
  const char *image = disk->images->len == 0 ? "" : g_ptr_array_index (disk->images, 0);
  g_auto (GStrv) names =
      g_strsplit (strchr (image, ':') == NULL ? "" : strchr (image, ':') + 1, "/", 2);
  virStoragePoolPtr pool =
      g_strv_length (names) < 2
          ? NULL
          : virStoragePoolLookupByName (virDomainGetConnect (domain), names[0]);
  virStorageVolPtr volume = pool == NULL ? NULL : virStorageVolLookupByName (pool, names[1]);
  virStorageVolInfo info;
  char *path = volume == NULL ? NULL : virStorageVolGetPath (volume);

  disk->path = g_strdup (path);
  disk->is_gone = path == NULL;
  if (volume != NULL && virStorageVolGetInfo (volume, &info) == 0)
    {
      disk->capacity_bytes = info.capacity;
      disk->allocation_bytes = info.allocation;
    }
  free (path);
  if (volume != NULL)
    virStorageVolFree (volume);
  if (pool != NULL)
    virStoragePoolFree (pool);
}

static void
look_up_volumes (virDomainPtr domain, BkVm *vm)
{
  for (guint i = 0; i < vm->disks->len; i++)
    {
      BkVmDisk *disk = g_ptr_array_index (vm->disks, i);

      if (g_strcmp0 (disk->source_type, "volume") == 0)
        look_up_volume (domain, disk);
    }
}

/* Sizes by stat() where the image can be seen from here, which is exact and asks nobody; else what
 * libvirt's statistics say. */
static void
set_size (BkVmDisk *disk, guint64 capacity_bytes, guint64 physical_bytes)
{
  struct stat st;

  if (capacity_bytes > 0)
    {
      disk->capacity_bytes = capacity_bytes;
      disk->allocation_bytes = physical_bytes;
    }
  if (disk->path != NULL && g_strcmp0 (disk->source_type, "file") == 0 &&
      stat (disk->path, &st) == 0)
    {
      disk->allocation_bytes = (guint64) st.st_blocks * 512;
      if (disk->capacity_bytes == 0 && g_strcmp0 (disk->format, "raw") == 0)
        disk->capacity_bytes = (guint64) st.st_size;
    }
}

static guint64
get_number (virDomainStatsRecordPtr record, guint index, const char *field)
{
  g_autofree char *name = g_strdup_printf ("block.%u.%s", index, field);
  unsigned long long value = 0;

  virTypedParamsGetULLong (record->params, record->nparams, name, &value);
  return value;
}

static void
apply_stats (BkVm *vm, virDomainStatsRecordPtr record)
{
  unsigned int count = 0;

  if (record != NULL)
    virTypedParamsGetUInt (record->params, record->nparams, "block.count", &count);
  for (guint i = 0; i < vm->disks->len; i++)
    {
      set_size (g_ptr_array_index (vm->disks, i), 0, 0);
      look_at_images (g_ptr_array_index (vm->disks, i));
    }
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *name = g_strdup_printf ("block.%u.name", i);
      const char *target = NULL;

      virTypedParamsGetString (record->params, record->nparams, name, &target);
      BkVmDisk *disk = target == NULL ? NULL : (BkVmDisk *) bk_vm_find_disk (vm, target);
      if (disk != NULL)
        set_size (disk, get_number (record, i, "capacity"), get_number (record, i, "physical"));
    }
}

/**
 * bk_libvirt_read_disks:
 * @record: (nullable): the statistics of its disks
 * @vm: its disks are as their XML says
 */
void
bk_libvirt_read_disks (virDomainPtr domain, virDomainStatsRecordPtr record, BkVm *vm)
{
  look_up_volumes (domain, vm);
  apply_stats (vm, record);
}
