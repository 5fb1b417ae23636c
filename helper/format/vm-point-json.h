#pragma once

#include "model/vm-point.h"

#include <json-glib/json-glib.h>

/* `extra` of a VM backup's metadata.json ⇄ BkVmPoint. */

JsonObject *bk_vm_point_to_json (const BkVmPoint *point);
BkVmPoint *bk_vm_point_from_json (JsonObject *extra, const char *what, GError **error);
