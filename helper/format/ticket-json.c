#include "format/ticket-json.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/json-text.h"
#include "format/json.h"

#include <string.h>

#define WHAT _ ("A ticket's record")

/**
 * bk_ticket_to_text:
 *
 * Returns: (transfer full): the record of @ticket.
 */
char *
bk_ticket_to_text (const BkTicket *ticket)
{
  JsonObject *object = json_object_new ();
  g_autoptr (JsonNode) node = bk_json_object_node (object);

  json_object_set_string_member (object, "id", ticket->id);
  json_object_set_string_member (object, "kind", bk_ticket_kind_to_string (ticket->kind));
  json_object_set_int_member (object, "uid", ticket->uid);
  json_object_set_string_member (object, "secret_sha256", ticket->secret_sha256);
  json_object_set_string_member (object, "boot_id", ticket->boot_id);
  json_object_set_int_member (object, "expires_usecs", ticket->expires_usecs);
  bk_json_set_string_or_null (object, "operation", ticket->operation);
  bk_json_set_string_or_null (object, "args_sha256", ticket->args_sha256);
  return bk_json_to_text (node, FALSE);
}

static gboolean
wrong (GError **error, const char *name)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "A ticket's record is wrong: “%s” cannot be that", name);
  return FALSE;
}

static gboolean
take_use (BkTicket *ticket, JsonObject *object, GError **error)
{
  const char *operation;
  const char *args_sha256;
  gboolean is_download = ticket->kind == BK_TICKET_DOWNLOAD;

  if (!bk_json_string_or_null (object, "operation", WHAT, &operation, error) ||
      !bk_json_string_or_null (object, "args_sha256", WHAT, &args_sha256, error))
    return FALSE;
  if (is_download != (operation != NULL) ||
      (operation != NULL && strlen (operation) > BK_TICKET_OPERATION_MAX_BYTES))
    return wrong (error, "operation");
  if (is_download != (args_sha256 != NULL) ||
      (args_sha256 != NULL && !bk_sha256_is_hex (args_sha256)))
    return wrong (error, "args_sha256");
  ticket->operation = g_strdup (operation);
  ticket->args_sha256 = g_strdup (args_sha256);
  return TRUE;
}

/**
 * bk_ticket_from_text:
 *
 * Returns: (transfer full) (nullable): the ticket that the record is of.
 * Errors: %BK_ERROR_INTEGRITY.
 */
BkTicket *
bk_ticket_from_text (const char *text, gsize length_bytes, GError **error)
{
  g_autoptr (JsonObject) object = bk_json_parse_object (text, (gssize) length_bytes, WHAT, error);
  g_autoptr (BkTicket) ticket = g_new0 (BkTicket, 1);
  const char *id;
  const char *kind;
  const char *secret_sha256;
  const char *boot_id;
  guint64 uid;
  guint64 expires_usecs;

  if (object == NULL || !bk_json_string (object, "id", WHAT, &id, error) ||
      !bk_json_string (object, "kind", WHAT, &kind, error) ||
      !bk_json_count (object, "uid", WHAT, G_MAXUINT32 - 1, &uid, error) ||
      !bk_json_string (object, "secret_sha256", WHAT, &secret_sha256, error) ||
      !bk_json_string (object, "boot_id", WHAT, &boot_id, error) ||
      !bk_json_count (object, "expires_usecs", WHAT, G_MAXINT64, &expires_usecs, error))
    return NULL;
  if (!bk_ticket_id_is_valid (id) || !bk_ticket_kind_from_string (kind, &ticket->kind) ||
      !bk_sha256_is_hex (secret_sha256) || strlen (boot_id) != BK_BOOT_ID_LENGTH)
    {
      wrong (error, "id, kind, secret_sha256 or boot_id");
      return NULL;
    }
  ticket->id = g_strdup (id);
  ticket->uid = (guint32) uid;
  ticket->secret_sha256 = g_strdup (secret_sha256);
  ticket->boot_id = g_strdup (boot_id);
  ticket->expires_usecs = (gint64) expires_usecs;
  return take_use (ticket, object, error) ? g_steal_pointer (&ticket) : NULL;
}

/**
 * bk_ticket_args_sha256:
 *
 * Returns: (transfer full) (nullable): what binds a ticket to the arguments of an operation: the hash
 *   of their JSON with the keys sorted, so that it does not matter in which order they come.
 */
char *
bk_ticket_args_sha256 (JsonObject *args, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (GString) canonical = g_string_new (NULL);

  json_node_set_object (node, args);
  g_autofree char *text = bk_json_to_text (node, FALSE);
  if (!bk_json_append_canonical (canonical, text, strlen (text), error))
    return NULL;
  return bk_sha256_hex_of (canonical->str, canonical->len);
}
