#pragma once

#include "model/cycle.h"

#include <gio/gio.h>

/* manifest.json in a VM project's directory. Writing it is the commit point of each step. */

gboolean bk_cycle_file_load (int project, const char *project_id, BkCycle **cycle, GError **error);
gboolean bk_cycle_file_save (int project, const BkCycle *cycle, GError **error);
gboolean bk_cycle_file_remove (int project, GError **error);
