#include "model/vm.h"

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/vm/ability", test_ability);
  g_test_add_func ("/model/vm/images", test_images);
  g_test_add_func ("/model/vm/full-bytes", test_full_bytes);
  return g_test_run ();
}
