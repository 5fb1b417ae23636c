#pragma once

#include "model/ticket.h"

#include <json-glib/json-glib.h>

/*
 * BkTicket ⇄ JSON, its record on disk:
 *
 *   {"id", "kind", "uid", "secret_sha256", "boot_id", "expires_usecs", "operation", "args_sha256"}
 *
 * the last two null for a session's.
 */

#define BK_TICKET_RECORD_MAX_BYTES 4096
#define BK_TICKET_OPERATION_MAX_BYTES 100

char *bk_ticket_to_text (const BkTicket *ticket);
BkTicket *bk_ticket_from_text (const char *text, gsize length_bytes, GError **error);
char *bk_ticket_args_sha256 (JsonObject *args, GError **error);
