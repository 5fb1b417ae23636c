#include "vm/backup-xml.h"

#include "base/error.h"

static BkVm *
new_vm (void)
{
  static const char *const targets[] = { "vda", "vdb", "vdc", "hda" };
  BkVm *vm = bk_vm_new ("web1", "uuid");

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      BkVmDisk *disk = bk_vm_add_disk (vm, targets[i]);

      disk->device = g_strdup (i == 3 ? "cdrom" : "disk");
      disk->path = i == 3 ? NULL : g_strconcat ("/images/", targets[i], NULL);
    }
  return vm;
}

static BkVmBackup *
new_backup (void)
{
  BkVmBackup *backup = bk_vm_backup_new ("new", "old");

  bk_vm_backup_add_disk (backup, "vda", "/r/a & 'b'.qcow2", TRUE, TRUE);
  bk_vm_backup_add_disk (backup, "vdb", "/r/c.qcow2", FALSE, FALSE);
  return backup;
}

/* Every disk is named, and its mode; a drive without a medium is not, which libvirt would refuse. */
static void
test_write (void)
{
  g_autoptr (BkVm) vm = new_vm ();
  g_autoptr (BkVmBackup) backup = new_backup ();
  g_autofree char *backup_xml = bk_backup_xml_new (backup, vm);
  g_autofree char *checkpoint_xml = bk_checkpoint_xml_new (backup, vm);
  g_autofree char *file = bk_backup_xml_target_file (backup_xml);

  g_assert_cmpstr (
      backup_xml, ==,
      "<domainbackup mode='push'><disks>"
      "<disk name='vda' backup='yes' type='file' backupmode='incremental' incremental='old'>"
      "<target file='/r/a &amp; &apos;b&apos;.qcow2'/><driver type='qcow2'/></disk>"
      "<disk name='vdb' backup='yes' type='file' backupmode='full'>"
      "<target file='/r/c.qcow2'/><driver type='qcow2'/></disk>"
      "<disk name='vdc' backup='no'/></disks></domainbackup>");
  g_assert_cmpstr (file, ==, "/r/a & 'b'.qcow2");
  g_assert_cmpstr (checkpoint_xml, ==,
                   "<domaincheckpoint><name>new</name>"
                   "<description>Made by cockpit-backup</description><disks>"
                   "<disk name='vda' checkpoint='bitmap'/><disk name='vdb' checkpoint='no'/>"
                   "<disk name='vdc' checkpoint='no'/></disks></domaincheckpoint>");
}

static void
test_target_file (void)
{
  static const struct
  {
    const char *xml;
    const char *file;
  } cases[] = {
    { "<domainbackup><disks><disk name='vda' backup='no'/><disk name='vdb'>"
      "<target file='/x'/></disk></disks></domainbackup>",
      "/x" },
    { "<domainbackup mode='pull'><disks><disk name='vda'><scratch file='/x'/></disk></disks>"
      "</domainbackup>",
      "" },
    { "<domainbackup/>", "" },
    { "not XML", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *file = bk_backup_xml_target_file (cases[i].xml);

      g_assert_cmpstr (file, ==, cases[i].file);
    }
}

/* As libvirt 9 writes it: no size where the bitmap is not there. */
static void
test_recorded (void)
{
  static const char xml[] = "<domaincheckpoint><name>k</name><disks>"
                            "<disk name='vda' checkpoint='bitmap' bitmap='k' size='1048576'/>"
                            "<disk name='vdb' checkpoint='no'/>"
                            "<disk name='vdc' checkpoint='bitmap' bitmap='k'/>"
                            "<disk name='vdd' checkpoint='bitmap' size='-1'/>"
                            "</disks></domaincheckpoint>";

  for (gboolean is_sized = FALSE; is_sized <= TRUE; is_sized++)
    {
      g_autoptr (GPtrArray) recorded = bk_checkpoint_xml_read (xml, is_sized, NULL);
      const BkRecordedDisk *vda = g_ptr_array_index (recorded, 0);
      const BkRecordedDisk *vdc = g_ptr_array_index (recorded, 1);
      const BkRecordedDisk *vdd = g_ptr_array_index (recorded, 2);

      g_assert_cmpuint (recorded->len, ==, 3);
      g_assert_cmpstr (vda->target, ==, "vda");
      g_assert_cmpuint (vda->changed_bytes, ==, 1048576);
      g_assert_false (vda->is_lost);
      g_assert_cmpstr (vdc->target, ==, "vdc");
      g_assert_cmpint (vdc->is_lost, ==, is_sized);
      g_assert_cmpuint (vdd->changed_bytes, ==, 0);
    }

  g_autoptr (GError) error = NULL;
  g_assert_null (bk_checkpoint_xml_read ("<domain/>", TRUE, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
}

static void
test_bitmap (void)
{
  g_autofree char *xml =
      bk_bitmap_xml_new ("a&b", "vda", 5 * G_USEC_PER_SEC, "<domain type='kvm'/>");

  g_assert_cmpstr (xml, ==,
                   "<domaincheckpoint><name>a&amp;b</name><creationTime>5</creationTime><disks>"
                   "<disk name='vda' checkpoint='bitmap' bitmap='a&amp;b'/></disks>"
                   "<domain type='kvm'/></domaincheckpoint>");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vm/backup-xml/write", test_write);
  g_test_add_func ("/vm/backup-xml/target-file", test_target_file);
  g_test_add_func ("/vm/backup-xml/bitmap", test_bitmap);
  g_test_add_func ("/vm/backup-xml/recorded", test_recorded);
  return g_test_run ();
}
