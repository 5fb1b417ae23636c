#pragma once

#include <glib.h>

/*
 * A virtual machine as it is seen at one instant. Values; the hypervisor makes them.
 */

typedef enum
{
  BK_VM_RUNNING,
  BK_VM_PAUSED,
  BK_VM_SHUTOFF,
  BK_VM_CRASHED,
  BK_VM_SUSPENDED,
} BkVmState;

/* What a backup can do with one disk. */
typedef enum
{
  BK_DISK_INCREMENTAL, /* qcow2: records what changed */
  BK_DISK_FULL,        /* can be copied, but does not record what changed */
  BK_DISK_NONE,        /* nothing of its own to back up, see reason */
} BkDiskAbility;

/* Why nothing can be read from a disk. */
typedef struct
{
  const char *code; /* a stable word: disk-missing, disk-unreadable */
  char *message;    /* for a person, with what to do */
} BkDiskTrouble;

typedef struct
{
  char *target;      /* vda */
  char *path;        /* (nullable) of its file or block device */
  char *format;      /* of the image: qcow2, raw, … */
  char *device;      /* disk, cdrom, floppy, lun */
  char *source_type; /* file, block, network, volume, … */
  gboolean read_only;
  gboolean shareable;
  gboolean transient;
  gboolean optional;        /* the VM starts without it (startupPolicy) */
  gboolean encrypted;       /* its image is, and QEMU has the key: what it copies is not */
  gboolean is_old_qcow2;    /* of version 2, which has no room for bitmaps */
  GPtrArray *images;        /* of char *: which image it is, then those it is built upon */
  guint64 capacity_bytes;   /* what the guest sees; 0 while not known */
  guint64 allocation_bytes; /* what it takes on the host */
  guint64 below_bytes;      /* and the images that it is built upon */
  gboolean is_gone;         /* there is no such file, device or volume */
  int read_errno;           /* why its file cannot be read, though it is there; 0: it can */
} BkVmDisk;

typedef struct
{
  char *name;
  char *uuid;
  BkVmState state;
  gboolean persistent;       /* has a definition that outlives its run */
  gboolean has_saved_memory; /* off, and its next start goes on from there (managed save) */
  guint snapshots_count;     /* inside its disks; known while it is off */
  GPtrArray *disks;          /* of BkVmDisk, in the order of its definition */
} BkVm;

BkVm *bk_vm_new (const char *name, const char *uuid);
void bk_vm_free (BkVm *vm);
BkVmDisk *bk_vm_add_disk (BkVm *vm, const char *target);
const BkVmDisk *bk_vm_find_disk (const BkVm *vm, const char *target);
guint64 bk_vm_total_bytes (const BkVm *vm);
gboolean bk_vm_disk_is_image (const BkVmDisk *disk, const char *image);
guint64 bk_vm_disk_full_bytes (const BkVmDisk *disk);
gboolean bk_vm_is_active (const BkVm *vm);
gboolean bk_vm_check_no_saved_memory (const BkVm *vm, GError **error);
gboolean bk_vm_check_off (const BkVm *vm, GError **error);
BkDiskTrouble *bk_vm_disk_trouble (const BkVm *vm, const BkVmDisk *disk);
void bk_disk_trouble_free (BkDiskTrouble *trouble);
const char *bk_vm_state_to_string (BkVmState state);

BkDiskAbility bk_vm_disk_ability (const BkVmDisk *disk, const char **reason);
const char *bk_disk_ability_to_string (BkDiskAbility ability);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVm, bk_vm_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkDiskTrouble, bk_disk_trouble_free)
