#include "format/domain-xml.h"

#include "format/xml.h"

#include <string.h>

#define DISKS_MAX_COUNT 1024

static void
read_disk (xmlNodePtr node, BkVm *vm)
{
  xmlNodePtr source = bk_xml_find_child (node, "source");
  g_autofree char *target = bk_xml_get_attribute (bk_xml_find_child (node, "target"), "dev");

  if (target == NULL)
    return;

  BkVmDisk *disk = bk_vm_add_disk (vm, target);
  disk->device = bk_xml_get_attribute (node, "device");
  if (disk->device == NULL)
    disk->device = g_strdup ("disk"); /* libvirt's default */
  disk->source_type = bk_xml_get_attribute (node, "type");
  disk->format = bk_xml_get_attribute (bk_xml_find_child (node, "driver"), "type");
  if (disk->format == NULL)
    disk->format = g_strdup ("raw"); /* what libvirt takes a disk without a driver type for */
  if (g_strcmp0 (disk->source_type, "block") == 0)
    disk->path = bk_xml_get_attribute (source, "dev");
  else if (g_strcmp0 (disk->source_type, "file") == 0)
    disk->path = bk_xml_get_attribute (source, "file");
  disk->read_only = bk_xml_find_child (node, "readonly") != NULL;
  disk->shareable = bk_xml_find_child (node, "shareable") != NULL;
  disk->transient = bk_xml_find_child (node, "transient") != NULL;
}

/**
 * bk_domain_xml_read_disks:
 * @xml: a whole <domain>
 * @vm: its disks are added to it, sizes left at 0
 *
 * Errors: %BK_ERROR_INTEGRITY when it is not domain XML.
 */
gboolean
bk_domain_xml_read_disks (const char *xml, BkVm *vm, GError **error)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domain", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr devices = bk_xml_find_child (xmlDocGetRootElement (doc), "devices");
  for (xmlNodePtr node = devices == NULL ? NULL : devices->children; node != NULL;
       node = node->next)
    {
      if (bk_xml_is_element (node, "disk") && vm->disks->len < DISKS_MAX_COUNT)
        read_disk (node, vm);
    }
  return TRUE;
}

/**
 * bk_domain_xml_read_nvram:
 * @path: (out) (transfer full) (nullable): the VM's own UEFI variables; %NULL when it has none
 */
gboolean
bk_domain_xml_read_nvram (const char *xml, char **path, GError **error)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domain", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr nvram =
      bk_xml_find_child (bk_xml_find_child (xmlDocGetRootElement (doc), "os"), "nvram");
  g_autofree char *text = bk_xml_get_content (nvram);

  *path = text != NULL && g_path_is_absolute (text)
              ? g_steal_pointer (&text)
              : bk_xml_get_attribute (bk_xml_find_child (nvram, "source"), "file");
  return TRUE;
}

/**
 * bk_volume_xml_read:
 * @format: (out) (transfer full) (nullable): of the image
 * @backing_path: (out) (transfer full) (nullable): the image it is built upon
 */
gboolean
bk_volume_xml_read (const char *xml, char **format, char **backing_path, GError **error)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "volume", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr root = xmlDocGetRootElement (doc);
  *format = bk_xml_get_attribute (bk_xml_find_child (bk_xml_find_child (root, "target"), "format"),
                                  "type");
  *backing_path =
      bk_xml_get_content (bk_xml_find_child (bk_xml_find_child (root, "backingStore"), "path"));
  return TRUE;
}
