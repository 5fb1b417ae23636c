#pragma once

#include "store/repository/repository.h"

#include <gio/gio.h>

gboolean bk_vm_cycle_verify (BkRepository *repository, const char *project_id, GError **error);
