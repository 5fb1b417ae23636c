#pragma once

#include "api/operation.h"

/*
 * What operations changed, into our own event log: one place for all faces. Operations on event logs
 * record themselves.
 */

void bk_audit_job (const BkOperation *operation,
                   const BkCall *call,
                   JsonNode *result,
                   const GError *failure);
gboolean bk_audit (const BkCall *call,
                   const char *evento,
                   const char *entidade,
                   const char *entidade_id,
                   JsonObject *payload,
                   GError **error);
