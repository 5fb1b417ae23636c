#pragma once

#include <glib.h>

gboolean bk_vm_check_backing (int directory, const char *path, const char *parent, GError **error);
