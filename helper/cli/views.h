#pragma once

#include "api/operation.h"

/*
 * The JSON views, as text for people. Operations that list things have columns here; any other
 * object is shown member by member, so that a new operation is readable without a line here.
 */

char *bk_view_items (const BkOperation *operation, JsonArray *items);
char *bk_view_object (JsonObject *object);
char *bk_view_result (const BkOperation *operation, JsonNode *result);
