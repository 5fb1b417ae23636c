#include "vm/backup-xml.h"

#include "format/xml.h"

#include <string.h>

#define DISKS_MAX_COUNT 1024

static void append (GString *xml, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* With every text escaped. */
static void
append (GString *xml, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *text = g_markup_vprintf_escaped (format, args);
  va_end (args);
  g_string_append (xml, text);
}

static const BkVmBackupDisk *
find (const BkVmBackup *backup, const char *target)
{
  for (guint i = 0; i < backup->disks->len; i++)
    {
      const BkVmBackupDisk *disk = g_ptr_array_index (backup->disks, i);

      if (strcmp (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

static gboolean
is_named (const BkVmDisk *disk)
{
  /* libvirt refuses a backup that names a drive without a medium. */
  return disk->path != NULL || g_strcmp0 (disk->device, "disk") == 0;
}

/**
 * bk_backup_xml_new:
 * @vm: every disk of it is named, so that libvirt adds none by its own defaults
 *
 * Returns: (transfer full): <domainbackup>. The mode of each disk is said disk by disk, because
 *   one that has no checkpoint is copied in full beside those that are copied incrementally.
 */
char *
bk_backup_xml_new (const BkVmBackup *backup, const BkVm *vm)
{
  GString *xml = g_string_new ("<domainbackup mode='push'><disks>");

  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *known = g_ptr_array_index (vm->disks, i);
      const BkVmBackupDisk *disk = find (backup, known->target);

      if (disk == NULL)
        {
          if (is_named (known))
            append (xml, "<disk name='%s' backup='no'/>", known->target);
          continue;
        }
      append (xml, "<disk name='%s' backup='yes' type='file'", disk->target);
      if (disk->incremental)
        append (xml, " backupmode='incremental' incremental='%s'", backup->parent_checkpoint);
      else
        append (xml, " backupmode='full'");
      append (xml, "><target file='%s'/><driver type='qcow2'/></disk>", disk->file);
    }
  g_string_append (xml, "</disks></domainbackup>");
  return g_string_free (xml, FALSE);
}

/**
 * bk_checkpoint_xml_new:
 *
 * Returns: (transfer full) (nullable): <domaincheckpoint>; %NULL when @backup makes none.
 */
char *
bk_checkpoint_xml_new (const BkVmBackup *backup, const BkVm *vm)
{
  if (backup->checkpoint_name == NULL)
    return NULL;

  GString *xml = g_string_new ("<domaincheckpoint>");
  append (xml, "<name>%s</name><description>Made by cockpit-backup</description><disks>",
          backup->checkpoint_name);
  for (guint i = 0; i < vm->disks->len; i++)
    {
      const BkVmDisk *known = g_ptr_array_index (vm->disks, i);
      const BkVmBackupDisk *disk = find (backup, known->target);

      if (is_named (known))
        append (xml, "<disk name='%s' checkpoint='%s'/>", known->target,
                disk != NULL && disk->checkpoint ? "bitmap" : "no");
    }
  g_string_append (xml, "</disks></domaincheckpoint>");
  return g_string_free (xml, FALSE);
}

/**
 * bk_bitmap_xml_new:
 * @domain_xml: of the VM, as libvirt says it
 *
 * Returns: (transfer full): the <domaincheckpoint> by which libvirt learns again of a bitmap that it does
 *   not know (VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE).
 */
char *
bk_bitmap_xml_new (const char *name, const char *target, gint64 usecs, const char *domain_xml)
{
  GString *xml = g_string_new ("<domaincheckpoint>");

  append (xml,
          "<name>%s</name><creationTime>%" G_GINT64_FORMAT "</creationTime>"
          "<disks><disk name='%s' checkpoint='bitmap' bitmap='%s'/></disks>",
          name, usecs / G_USEC_PER_SEC, target, name);
  g_string_append (xml, domain_xml);
  g_string_append (xml, "</domaincheckpoint>");
  return g_string_free (xml, FALSE);
}

/**
 * bk_backup_xml_target_file:
 * @xml: the <domainbackup> of a backup that runs
 *
 * Returns: (transfer full): a file it writes to; "" when it names none (a pull backup).
 */
char *
bk_backup_xml_target_file (const char *xml)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domainbackup", NULL);
  xmlNodePtr disks = doc == NULL ? NULL : bk_xml_find_child (xmlDocGetRootElement (doc), "disks");

  for (xmlNodePtr node = disks == NULL ? NULL : disks->children; node != NULL; node = node->next)
    {
      char *file = bk_xml_is_element (node, "disk")
                       ? bk_xml_get_attribute (bk_xml_find_child (node, "target"), "file")
                       : NULL;

      if (file != NULL)
        return file;
    }
  return g_strdup ("");
}

static void
read_recorded_disk (xmlNodePtr node, gboolean is_sized, GPtrArray *recorded)
{
  g_autofree char *target = bk_xml_get_attribute (node, "name");
  g_autofree char *kind = bk_xml_get_attribute (node, "checkpoint");
  g_autofree char *size = bk_xml_get_attribute (node, "size");

  if (target == NULL || g_strcmp0 (kind, "bitmap") != 0)
    return;

  BkRecordedDisk *disk = g_new0 (BkRecordedDisk, 1);
  disk->target = g_strdup (target);
  disk->is_lost = is_sized && size == NULL;
  if (size != NULL)
    g_ascii_string_to_unsigned (size, 10, 0, G_MAXINT64, &disk->changed_bytes, NULL);
  g_ptr_array_add (recorded, disk);
}

/**
 * bk_checkpoint_xml_read:
 * @xml: a <domaincheckpoint>
 * @is_sized: whether sizes were asked for: libvirt says none of a disk whose bitmap is not there
 *
 * Returns: (transfer full) (element-type BkRecordedDisk) (nullable): the disks that it records;
 *   %NULL with %BK_ERROR_INTEGRITY.
 */
GPtrArray *
bk_checkpoint_xml_read (const char *xml, gboolean is_sized, GError **error)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domaincheckpoint", error);
  if (doc == NULL)
    return NULL;

  GPtrArray *recorded = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_recorded_disk_free);
  xmlNodePtr disks = bk_xml_find_child (xmlDocGetRootElement (doc), "disks");
  for (xmlNodePtr node = disks == NULL ? NULL : disks->children; node != NULL; node = node->next)
    {
      if (bk_xml_is_element (node, "disk") && recorded->len < DISKS_MAX_COUNT)
        read_recorded_disk (node, is_sized, recorded);
    }
  return recorded;
}
