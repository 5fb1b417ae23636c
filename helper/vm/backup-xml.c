#include "vm/backup-xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

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

static xmlNodePtr
find_element (xmlNodePtr node, const char *name)
{
  for (; node != NULL; node = node->next)
    {
      if (node->type != XML_ELEMENT_NODE)
        continue;
      if (strcmp ((const char *) node->name, name) == 0)
        return node;

      xmlNodePtr below = find_element (node->children, name);
      if (below != NULL)
        return below;
    }
  return NULL;
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
  xmlDocPtr doc = xmlReadMemory (xml, (int) strlen (xml), "backup.xml", NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlNodePtr target = doc == NULL ? NULL : find_element (xmlDocGetRootElement (doc), "target");
  xmlChar *file = target == NULL ? NULL : xmlGetNoNsProp (target, (const xmlChar *) "file");
  char *copy = g_strdup (file == NULL ? "" : (const char *) file);

  xmlFree (file);
  if (doc != NULL)
    xmlFreeDoc (doc);
  return copy;
}
