#pragma once

#include <glib.h>

gboolean bk_reflink_works (int dirfd, int source);
gboolean bk_reflink_at (int source, int dirfd, const char *name, GError **error);
