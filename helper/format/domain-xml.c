#include "format/domain-xml.h"

#include "base/error.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

#define DISKS_MAX_COUNT 1024

static void
free_doc (xmlDocPtr *doc)
{
  if (*doc != NULL)
    xmlFreeDoc (*doc);
}

#define autodoc __attribute__ ((cleanup (free_doc)))

static gboolean
is_element (xmlNodePtr node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *) node->name, name) == 0;
}

static xmlNodePtr
find_child (xmlNodePtr parent, const char *name)
{
  for (xmlNodePtr node = parent == NULL ? NULL : parent->children; node != NULL; node = node->next)
    {
      if (is_element (node, name))
        return node;
    }
  return NULL;
}

static char *
get_attribute (xmlNodePtr node, const char *name)
{
  xmlChar *value = node == NULL ? NULL : xmlGetNoNsProp (node, (const xmlChar *) name);
  char *copy = g_strdup ((const char *) value);

  xmlFree (value);
  return copy;
}

static char *
get_content (xmlNodePtr node)
{
  xmlChar *content = node == NULL ? NULL : xmlNodeGetContent (node);
  char *copy = g_strdup ((const char *) content);

  xmlFree (content);
  return copy == NULL ? NULL : g_strstrip (copy);
}

static xmlDocPtr
parse (const char *xml, const char *root, GError **error)
{
  gsize length_bytes = strlen (xml);
  xmlDocPtr doc = NULL;

  if (length_bytes <= BK_DOMAIN_XML_MAX_BYTES)
    doc = xmlReadMemory (xml, (int) length_bytes, "domain.xml", NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (doc == NULL || xmlDocGetRootElement (doc) == NULL ||
      !is_element (xmlDocGetRootElement (doc), root))
    g_set_error (error, BK_ERROR, BK_ERROR_INTEGRITY,
                 "libvirt's XML is not the <%s> that was asked for", root);
  else
    return doc;
  if (doc != NULL)
    xmlFreeDoc (doc);
  return NULL;
}

static void
read_disk (xmlNodePtr node, BkVm *vm)
{
  xmlNodePtr source = find_child (node, "source");
  g_autofree char *target = get_attribute (find_child (node, "target"), "dev");

  if (target == NULL)
    return;

  BkVmDisk *disk = bk_vm_add_disk (vm, target);
  disk->device = get_attribute (node, "device");
  if (disk->device == NULL)
    disk->device = g_strdup ("disk"); /* libvirt's default */
  disk->source_type = get_attribute (node, "type");
  disk->format = get_attribute (find_child (node, "driver"), "type");
  if (disk->format == NULL)
    disk->format = g_strdup ("raw"); /* what libvirt takes a disk without a driver type for */
  if (g_strcmp0 (disk->source_type, "block") == 0)
    disk->path = get_attribute (source, "dev");
  else if (g_strcmp0 (disk->source_type, "file") == 0)
    disk->path = get_attribute (source, "file");
  disk->read_only = find_child (node, "readonly") != NULL;
  disk->shareable = find_child (node, "shareable") != NULL;
  disk->transient = find_child (node, "transient") != NULL;
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
  autodoc xmlDocPtr doc = parse (xml, "domain", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr devices = find_child (xmlDocGetRootElement (doc), "devices");
  for (xmlNodePtr node = devices == NULL ? NULL : devices->children; node != NULL;
       node = node->next)
    {
      if (is_element (node, "disk") && vm->disks->len < DISKS_MAX_COUNT)
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
  autodoc xmlDocPtr doc = parse (xml, "domain", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr nvram = find_child (find_child (xmlDocGetRootElement (doc), "os"), "nvram");
  g_autofree char *text = get_content (nvram);

  *path = text != NULL && g_path_is_absolute (text)
              ? g_steal_pointer (&text)
              : get_attribute (find_child (nvram, "source"), "file");
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
  autodoc xmlDocPtr doc = parse (xml, "volume", error);
  if (doc == NULL)
    return FALSE;

  xmlNodePtr root = xmlDocGetRootElement (doc);
  *format = get_attribute (find_child (find_child (root, "target"), "format"), "type");
  *backing_path = get_content (find_child (find_child (root, "backingStore"), "path"));
  return TRUE;
}
