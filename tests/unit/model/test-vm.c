#include "model/vm.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

/* What a disk is, and what a backup can do with it; a word of the reason, where there must be one. */
static const struct
{
  const char *what;
  const char *device;
  const char *source_type;
  const char *path;
  const char *format;
  gboolean read_only;
  gboolean shareable;
  gboolean transient;
  gboolean is_old_qcow2;
  gboolean encrypted;
  BkDiskAbility ability;
  const char *reason;
} cases[] = {
  { "qcow2", "disk", "file", "/a", "qcow2", .ability = BK_DISK_INCREMENTAL },
  { "qcow2-on-a-device", "disk", "block", "/dev/a", "qcow2", .ability = BK_DISK_INCREMENTAL },
  { "volume", "disk", "volume", NULL, "qcow2", .ability = BK_DISK_INCREMENTAL },
  { "qcow2-version-2", "disk", "file", "/a", "qcow2", .is_old_qcow2 = TRUE, .ability = BK_DISK_FULL,
    .reason = "compat" },
  { "encrypted", "disk", "file", "/a", "qcow2", .encrypted = TRUE, .ability = BK_DISK_INCREMENTAL,
    .reason = "not its backup" },
  { "encrypted-raw", "disk", "file", "/a", "raw", .encrypted = TRUE, .ability = BK_DISK_FULL,
    .reason = "not its backup" },
  { "encrypted-read-only", "disk", "file", "/a", "qcow2", .read_only = TRUE, .encrypted = TRUE,
    .ability = BK_DISK_NONE, .reason = "read-only" },
  { "raw", "disk", "file", "/a", "raw", .ability = BK_DISK_FULL, .reason = "raw" },
  { "shared", "disk", "block", "/dev/a", "raw", .shareable = TRUE, .ability = BK_DISK_FULL,
    .reason = "shared" },
  { "other-format", "disk", "file", "/a", "vmdk", .ability = BK_DISK_FULL, .reason = "format" },
  { "network", "disk", "network", NULL, "raw", .ability = BK_DISK_NONE, .reason = "not a file" },
  { "nvme", "disk", "nvme", NULL, "raw", .ability = BK_DISK_NONE, .reason = "inside the guest" },
  { "vhost-user", "disk", "vhostuser", NULL, "raw", .ability = BK_DISK_NONE,
    .reason = "inside the guest" },
  { "read-only", "disk", "file", "/a", "qcow2", .read_only = TRUE, .ability = BK_DISK_NONE,
    .reason = "read-only" },
  { "transient", "disk", "file", "/a", "qcow2", .transient = TRUE, .ability = BK_DISK_NONE,
    .reason = "transient" },
  { "lun", "lun", "block", "/dev/a", "raw", .ability = BK_DISK_NONE, .reason = "LUN" },
  { "cdrom", "cdrom", "file", "/a", "raw", .read_only = TRUE, .ability = BK_DISK_NONE },
  { "empty-cdrom", "cdrom", "file", NULL, "raw", .ability = BK_DISK_NONE },
  { "floppy", "floppy", "file", "/a", "raw", .ability = BK_DISK_NONE },
};

static void
test_ability (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const BkVmDisk disk = {
        .device = (char *) cases[i].device,
        .source_type = (char *) cases[i].source_type,
        .path = (char *) cases[i].path,
        .format = (char *) cases[i].format,
        .read_only = cases[i].read_only,
        .shareable = cases[i].shareable,
        .transient = cases[i].transient,
        .is_old_qcow2 = cases[i].is_old_qcow2,
        .encrypted = cases[i].encrypted,
      };
      const char *reason;

      g_test_message ("%s", cases[i].what);
      g_assert_cmpint (bk_vm_disk_ability (&disk, &reason), ==, cases[i].ability);
      if (cases[i].reason == NULL)
        g_assert_null (reason);
      else
        g_assert_nonnull (strstr (reason, cases[i].reason));
    }
}

static void
test_images (void)
{
  g_autoptr (BkVm) vm = bk_vm_new ("web1", "uuid");
  BkVmDisk *disk = bk_vm_add_disk (vm, "vda");

  g_assert_false (bk_vm_disk_is_image (disk, "file:/a#1"));
  g_ptr_array_add (disk->images, g_strdup ("file:/snapshot#2"));
  g_ptr_array_add (disk->images, g_strdup ("file:/a#1"));
  g_assert_true (bk_vm_disk_is_image (disk, "file:/a#1"));
  g_assert_true (bk_vm_disk_is_image (disk, "file:/snapshot#2"));
  g_assert_false (bk_vm_disk_is_image (disk, "file:/a#2"));
  g_assert_false (bk_vm_disk_is_image (disk, "file:/a"));
  /* Not known is not the same. */
  g_assert_false (bk_vm_disk_is_image (disk, NULL));
}

static void
test_full_bytes (void)
{
  static const struct
  {
    guint64 capacity, allocation, below, full;
  } sizes[] = {
    { 100, 40, 0, 40 },   /* thin */
    { 100, 40, 30, 70 },  /* and what it is built upon */
    { 100, 40, 90, 100 }, /* which it hides in part: never more than the guest sees */
    { 0, 40, 0, 40 },     /* not known */
  };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const BkVmDisk disk = { .capacity_bytes = sizes[i].capacity,
                              .allocation_bytes = sizes[i].allocation,
                              .below_bytes = sizes[i].below };

      g_assert_cmpuint (bk_vm_disk_full_bytes (&disk), ==, sizes[i].full);
    }
}

/* A disk that gives nothing: which word, and what the person reads. */
static const struct
{
  const char *what;
  BkVmState state;
  const char *device;
  const char *path;
  gboolean is_gone;
  int read_errno;
  gboolean optional;
  const char *code;
  const char *message;
} troubles[] = {
  { "well", BK_VM_SHUTOFF, "disk", "/a", .code = NULL },
  { "off", BK_VM_SHUTOFF, "disk", "/a", TRUE, .code = "disk-missing", .message = "put it back" },
  { "crashed", BK_VM_CRASHED, "disk", "/a", TRUE, .code = "disk-missing",
    .message = "put it back" },
  { "running", BK_VM_RUNNING, "disk", "/a", TRUE, .code = "disk-missing",
    .message = "before it stops" },
  { "paused", BK_VM_PAUSED, "lun", "/a", TRUE, .code = "disk-missing",
    .message = "before it stops" },
  { "volume", BK_VM_SHUTOFF, "disk", NULL, TRUE, .code = "disk-missing",
    .message = "“pool/volume”" },
  { "volume-in-use", BK_VM_RUNNING, "disk", NULL, TRUE, .code = NULL },
  { "error", BK_VM_RUNNING, "disk", "/a", FALSE, EIO, .code = "disk-unreadable",
    .message = "Input/output error" },
  { "cdrom", BK_VM_SHUTOFF, "cdrom", "/a", TRUE, .code = "disk-missing", .message = "--eject" },
  { "optional", BK_VM_SHUTOFF, "disk", "/a", TRUE, .optional = TRUE, .code = NULL },
  { "cdrom-in-use", BK_VM_RUNNING, "cdrom", "/a", TRUE, .code = NULL },
  { "floppy", BK_VM_SHUTOFF, "floppy", "/a", FALSE, EIO, .code = NULL },
};

static void
test_troubles (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (troubles); i++)
    {
      g_autoptr (BkVm) vm = bk_vm_new ("web1", "uuid");
      BkVmDisk *disk = bk_vm_add_disk (vm, "vda");

      vm->state = troubles[i].state;
      disk->device = g_strdup (troubles[i].device);
      disk->path = g_strdup (troubles[i].path);
      disk->is_gone = troubles[i].is_gone;
      disk->read_errno = troubles[i].read_errno;
      disk->optional = troubles[i].optional;
      g_ptr_array_add (disk->images, g_strdup ("volume:pool/volume"));
      g_test_message ("%s", troubles[i].what);
      g_autoptr (BkDiskTrouble) trouble = bk_vm_disk_trouble (vm, disk);
      g_assert_cmpstr (trouble == NULL ? NULL : trouble->code, ==, troubles[i].code);
      g_assert_true (trouble == NULL || strstr (trouble->message, troubles[i].message) != NULL);
    }
}

/* What a person is told is what is true of it. */
static void
test_check_off (void)
{
  static const struct
  {
    BkVmState state;
    const char *said;
  } states[] = {
    { BK_VM_RUNNING, "is running" }, { BK_VM_PAUSED, "is paused, not off" },
    { BK_VM_SUSPENDED, "sleeps" },   { BK_VM_SHUTOFF, NULL },
    { BK_VM_CRASHED, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (BkVm) vm = bk_vm_new ("web1", "uuid");
      g_autoptr (GError) error = NULL;

      vm->state = states[i].state;
      g_assert_cmpint (bk_vm_check_off (vm, &error), ==, states[i].said == NULL);
      if (states[i].said == NULL)
        continue;
      g_assert_error (error, BK_ERROR, BK_ERROR_BUSY);
      g_assert_nonnull (strstr (error->message, states[i].said));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/vm/ability", test_ability);
  g_test_add_func ("/model/vm/images", test_images);
  g_test_add_func ("/model/vm/full-bytes", test_full_bytes);
  g_test_add_func ("/model/vm/troubles", test_troubles);
  g_test_add_func ("/model/vm/check-off", test_check_off);
  return g_test_run ();
}
