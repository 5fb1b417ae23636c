#pragma once

#include "model/cycle.h"

#include <gio/gio.h>

/* manifest.json in a VM project's directory. Writing it is the commit point of each step. */

gboolean bk_cycle_file_load (int project, const char *project_id, BkCycle **cycle, GError **error);
gboolean bk_cycle_file_save (int project, const BkCycle *cycle, GError **error);
gboolean bk_cycle_file_remove (int project, GError **error);

gboolean bk_cycle_file_note_joining (int project, const char *backup_id, GError **error);
gboolean bk_cycle_file_is_joining (int project, const char *backup_id);
void bk_cycle_file_forget_joining (int project);
