#include "format/domain-rewrite.h"

#include "base/error.h"
#include "format/xml.h"

#include <libxml/tree.h>
#include <string.h>

static void
remove_node (xmlNodePtr node)
{
  if (node == NULL)
    return;
  xmlUnlinkNode (node);
  xmlFreeNode (node);
}

static void
set_child_text (xmlNodePtr parent, const char *name, const char *text)
{
  xmlNodePtr child = bk_xml_find_child (parent, name);
  xmlChar *escaped = xmlEncodeSpecialChars (parent->doc, (const xmlChar *) text);

  if (child == NULL)
    xmlNewChild (parent, NULL, (const xmlChar *) name, escaped);
  else
    xmlNodeSetContent (child, escaped);
  xmlFree (escaped);
}

/* The image it was restored to, in place of where the old VM had it. What belongs to the old image
 * only (its backing chain, its mirror, its place in a pool, its encryption) goes. */
static void
point_disk (xmlNodePtr disk, const char *path)
{
  static const char *const of_the_old[] = { "auth",         "backingStore",
                                             "encryption",   "mirror",
                                             "source" };

  for (guint i = 0; i < G_N_ELEMENTS (of_the_old); i++)
    remove_node (bk_xml_find_child (disk, of_the_old[i]));
  xmlSetProp (disk, (const xmlChar *) "type", (const xmlChar *) "file");

  xmlNodePtr source = xmlNewChild (disk, NULL, (const xmlChar *) "source", NULL);
  xmlSetProp (source, (const xmlChar *) "file", (const xmlChar *) path);

  xmlNodePtr driver = bk_xml_find_child (disk, "driver");
  if (driver == NULL)
    driver = xmlNewChild (disk, NULL, (const xmlChar *) "driver", NULL);
  xmlSetProp (driver, (const xmlChar *) "name", (const xmlChar *) "qemu");
  xmlSetProp (driver, (const xmlChar *) "type", (const xmlChar *) "qcow2");
}

/* Of the devices: disks that were restored get their new image, disks that were not are left out
 * (they are the old VM's), cdroms and floppies stay; network cards get new addresses. */
static void
rewrite_devices (xmlNodePtr devices, const BkDomainRewrite *rewrite)
{
  xmlNodePtr next;

  for (xmlNodePtr node = devices->children; node != NULL; node = next)
    {
      next = node->next;
      if (bk_xml_is_element (node, "interface"))
        remove_node (bk_xml_find_child (node, "mac"));
      if (!bk_xml_is_element (node, "disk"))
        continue;

      g_autofree char *target = bk_xml_get_attribute (bk_xml_find_child (node, "target"), "dev");
      g_autofree char *device = bk_xml_get_attribute (node, "device");
      const char *path = target == NULL ? NULL : g_hash_table_lookup (rewrite->disks, target);
      if (path != NULL)
        point_disk (node, path);
      else if (device == NULL || strcmp (device, "disk") == 0 || strcmp (device, "lun") == 0)
        remove_node (node);
    }
}

/* By its generation ID a guest learns that it is not the machine it was: libvirt makes a new one. */
static void
renew_generation (xmlNodePtr domain)
{
  xmlNodePtr genid = bk_xml_find_child (domain, "genid");

  if (genid != NULL)
    xmlNodeSetContent (genid, (const xmlChar *) "");
}

static void
rewrite_nvram (xmlNodePtr os, const BkDomainRewrite *rewrite)
{
  xmlNodePtr nvram = bk_xml_find_child (os, "nvram");

  if (nvram == NULL)
    return;
  xmlUnsetProp (nvram, (const xmlChar *) "type"); /* with it, a <source> is expected */
  if (rewrite->nvram_path != NULL)
    set_child_text (os, "nvram", rewrite->nvram_path);
  else
    xmlNodeSetContent (nvram, (const xmlChar *) ""); /* libvirt makes it from the template */
}

/**
 * bk_domain_xml_rewrite:
 * @xml: the domain.xml of a backup, hostile until checked
 *
 * The definition of another VM with the same hardware: new name and UUID, MAC addresses that libvirt
 * chooses, its own images.
 *
 * Returns: (transfer full) (nullable): the XML, or %NULL with %BK_ERROR_INTEGRITY.
 */
char *
bk_domain_xml_rewrite (const char *xml, const BkDomainRewrite *rewrite, GError **error)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "domain", error);
  xmlChar *text = NULL;
  int length = 0;

  if (doc == NULL)
    return NULL;

  xmlNodePtr domain = xmlDocGetRootElement (doc);
  xmlNodePtr os = bk_xml_find_child (domain, "os");
  set_child_text (domain, "name", rewrite->name);
  if (rewrite->uuid == NULL)
    remove_node (bk_xml_find_child (domain, "uuid"));
  else
    set_child_text (domain, "uuid", rewrite->uuid);
  xmlUnsetProp (domain, (const xmlChar *) "id");
  renew_generation (domain);
  /* libvirt takes the devices of all of them. */
  for (xmlNodePtr node = domain->children; node != NULL; node = node->next)
    {
      if (bk_xml_is_element (node, "devices"))
        rewrite_devices (node, rewrite);
    }
  if (os != NULL)
    rewrite_nvram (os, rewrite);

  xmlDocDumpMemory (doc, &text, &length);
  char *copy = g_strndup ((const char *) text, (gsize) length);
  xmlFree (text);
  return copy;
}
