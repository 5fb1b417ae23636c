#include "format/xml.h"

#include "base/error.h"

#include <libxml/parser.h>
#include <string.h>

gboolean
bk_xml_is_element (xmlNodePtr node, const char *name)
{
  return node->type == XML_ELEMENT_NODE && strcmp ((const char *) node->name, name) == 0;
}

/**
 * bk_xml_find_child:
 * @parent: (nullable)
 *
 * Returns: (transfer none) (nullable): its first child element of this name.
 */
xmlNodePtr
bk_xml_find_child (xmlNodePtr parent, const char *name)
{
  for (xmlNodePtr node = parent == NULL ? NULL : parent->children; node != NULL; node = node->next)
    {
      if (bk_xml_is_element (node, name))
        return node;
    }
  return NULL;
}

/**
 * bk_xml_get_attribute:
 * @node: (nullable): may be missing
 *
 * Returns: (transfer full) (nullable): the attribute's value.
 */
char *
bk_xml_get_attribute (xmlNodePtr node, const char *name)
{
  xmlChar *value = node == NULL ? NULL : xmlGetNoNsProp (node, (const xmlChar *) name);
  char *copy = g_strdup ((const char *) value);

  xmlFree (value);
  return copy;
}

/**
 * bk_xml_get_content:
 * @node: (nullable): may be missing
 *
 * Returns: (transfer full) (nullable): its text without white space around it.
 */
char *
bk_xml_get_content (xmlNodePtr node)
{
  xmlChar *content = node == NULL ? NULL : xmlNodeGetContent (node);
  char *copy = g_strdup ((const char *) content);

  xmlFree (content);
  return copy == NULL ? NULL : g_strstrip (copy);
}

/**
 * bk_xml_parse:
 * @xml: hostile until checked
 * @root: what its root element must be
 *
 * Returns: (transfer full) (nullable): the document, or %NULL with %BK_ERROR_INTEGRITY.
 */
xmlDocPtr
bk_xml_parse (const char *xml, const char *root, GError **error)
{
  gsize length_bytes = strlen (xml);
  xmlDocPtr doc = NULL;

  if (length_bytes <= BK_XML_MAX_BYTES)
    doc = xmlReadMemory (xml, (int) length_bytes, "domain.xml", NULL,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (doc == NULL || xmlDocGetRootElement (doc) == NULL ||
      !bk_xml_is_element (xmlDocGetRootElement (doc), root))
    bk_set_error (error, BK_ERROR_INTEGRITY, "libvirt's XML is not the <%s> that was asked for",
                  root);
  else
    return doc;
  if (doc != NULL)
    xmlFreeDoc (doc);
  return NULL;
}
