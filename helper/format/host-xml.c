#include "format/host-xml.h"

#include "format/xml.h"

#include <string.h>

/**
 * bk_dac_label_parse:
 * @label: of libvirt's security model "dac": "+64055:+64055", numbers with a plus so that they cannot
 *   be taken for names
 * @uid: (out): the user
 * @gid: (out): its group
 */
gboolean
bk_dac_label_parse (const char *label, uid_t *uid, gid_t *gid)
{
  g_auto (GStrv) parts = g_strsplit (label, ":", 3);
  guint64 numbers[2];

  if (g_strv_length (parts) != 2)
    return FALSE;
  for (guint i = 0; i < 2; i++)
    {
      const char *digits = *parts[i] == '+' ? parts[i] + 1 : parts[i];

      if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT32 - 1, &numbers[i], NULL))
        return FALSE;
    }
  *uid = (uid_t) numbers[0];
  *gid = (gid_t) numbers[1];
  return TRUE;
}

static gboolean
read_model (xmlNodePtr model, uid_t *uid, gid_t *gid)
{
  g_autofree char *name = bk_xml_get_content (bk_xml_find_child (model, "model"));
  g_autofree char *label = bk_xml_get_content (bk_xml_find_child (model, "baselabel"));

  return g_strcmp0 (name, "dac") == 0 && label != NULL && bk_dac_label_parse (label, uid, gid);
}

/**
 * bk_host_xml_read_writer:
 * @xml: a whole <capabilities>
 * @uid: (out): the user that QEMU runs as
 * @gid: (out): its group
 *
 * Returns: whether libvirt says it (its security model "dac").
 */
gboolean
bk_host_xml_read_writer (const char *xml, uid_t *uid, gid_t *gid)
{
  bk_autodoc xmlDocPtr doc = bk_xml_parse (xml, "capabilities", NULL);

  if (doc == NULL)
    return FALSE;

  xmlNodePtr host = bk_xml_find_child (xmlDocGetRootElement (doc), "host");
  for (xmlNodePtr node = host == NULL ? NULL : host->children; node != NULL; node = node->next)
    {
      if (bk_xml_is_element (node, "secmodel") && read_model (node, uid, gid))
        return TRUE;
    }
  return FALSE;
}
