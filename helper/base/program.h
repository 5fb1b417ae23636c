/* Where this program lies. */
#pragma once

#include <glib.h>

char *bk_program_dup_path (GError **error);
