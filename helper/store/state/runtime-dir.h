#pragma once

#include <glib.h>

int bk_runtime_dir_open (const char *runtime_dir, GError **error);
int bk_runtime_dir_open_private (const char *runtime_dir, const char *name, GError **error);
