#pragma once

#include <glib.h>
#include <libxml/tree.h>

/* libvirt's XML, parsed without network and without external entities, and looked into. */

#define BK_XML_MAX_BYTES (4 * 1024 * 1024)

xmlDocPtr bk_xml_parse (const char *xml, const char *root, GError **error);
gboolean bk_xml_is_element (xmlNodePtr node, const char *name);
xmlNodePtr bk_xml_find_child (xmlNodePtr parent, const char *name);
char *bk_xml_get_attribute (xmlNodePtr node, const char *name);
char *bk_xml_get_content (xmlNodePtr node);

static inline void
bk_xml_free_doc (xmlDocPtr *doc)
{
  if (*doc != NULL)
    xmlFreeDoc (*doc);
}

#define bk_autodoc __attribute__ ((cleanup (bk_xml_free_doc)))
