#include "format/domain-xml.h"

#include "format/host-xml.h"
#include "format/xml.h"

#include <string.h>

#define DISKS_MAX_COUNT 1024
#define IMAGES_MAX_COUNT 64

/* Where the image of a <disk> or <backingStore> lies. */
static char *
read_image (xmlNodePtr node)
{
  xmlNodePtr source = bk_xml_find_child (node, "source");
  g_autofree char *type = bk_xml_get_attribute (node, "type");
  g_autofree char *file = bk_xml_get_attribute (source, "file");
  g_autofree char *device = bk_xml_get_attribute (source, "dev");
  g_autofree char *pool = bk_xml_get_attribute (source, "pool");
  g_autofree char *volume = bk_xml_get_attribute (source, "volume");

  if (g_strcmp0 (type, "file") == 0 && file != NULL)
    return g_strconcat ("file:", file, NULL);
  if (g_strcmp0 (type, "block") == 0 && device != NULL)
    return g_strconcat ("block:", device, NULL);
  if (g_strcmp0 (type, "volume") == 0 && pool != NULL && volume != NULL)
    return g_strconcat ("volume:", pool, "/", volume, NULL);
  return NULL;
}

static void
read_images (xmlNodePtr node, GPtrArray *images)
{
  for (; node != NULL && images->len < IMAGES_MAX_COUNT;
       node = bk_xml_find_child (node, "backingStore"))
    {
      char *image = read_image (node);

      if (image == NULL)
        return;
      g_ptr_array_add (images, image);
    }
}

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
  disk->encrypted = bk_xml_find_child (node, "encryption") != NULL ||
                    bk_xml_find_child (source, "encryption") != NULL;
  read_images (node, disk->images);
  disk->read_only = bk_xml_find_child (node, "readonly") != NULL;
  disk->shareable = bk_xml_find_child (node, "shareable") != NULL;
  disk->transient = bk_xml_find_child (node, "transient") != NULL;

  g_autofree char *policy = bk_xml_get_attribute (source, "startupPolicy");
  disk->optional = g_strcmp0 (policy, "optional") == 0;
}

/**
 * bk_domain_xml_read_disks:
 * @xml: a whole <domain>
 * @vm: its disks are added to it, sizes left at 0, images named by where they lie
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
 * bk_domain_xml_has_tpm:
 * @has_tpm: (out): whether it has a TPM of its own, whose state is kept in files
 */
gboolean
bk_domain_xml_has_tpm (const char *xml, gboolean *has_tpm, GError **error)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domain", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr devices = bk_xml_find_child (xmlDocGetRootElement (doc), "devices");
  xmlNodePtr backend = bk_xml_find_child (bk_xml_find_child (devices, "tpm"), "backend");
  g_autofree char *type = bk_xml_get_attribute (backend, "type");

  *has_tpm = g_strcmp0 (type, "emulator") == 0;
  return TRUE;
}

static gboolean
read_seclabel (xmlNodePtr seclabel, uid_t *uid, gid_t *gid)
{
  g_autofree char *model = bk_xml_get_attribute (seclabel, "model");
  g_autofree char *label = bk_xml_get_content (bk_xml_find_child (seclabel, "label"));

  return g_strcmp0 (model, "dac") == 0 && label != NULL && bk_dac_label_parse (label, uid, gid);
}

/**
 * bk_domain_xml_read_writer:
 * @xml: of a VM that runs: others have no label yet
 * @uid: (out): the user that its QEMU runs as
 * @gid: (out): its group
 *
 * Returns: whether libvirt says it (its security model "dac").
 */
gboolean
bk_domain_xml_read_writer (const char *xml, uid_t *uid, gid_t *gid)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domain", NULL);

  if (doc == NULL)
    return FALSE;
  for (xmlNodePtr node = xmlDocGetRootElement (doc)->children; node != NULL; node = node->next)
    {
      if (bk_xml_is_element (node, "seclabel") && read_seclabel (node, uid, gid))
        return TRUE;
    }
  return FALSE;
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
