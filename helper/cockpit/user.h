#pragma once

#include <glib.h>

char *bk_user_dup_name (guint32 uid);
gboolean bk_user_find (const char *name_or_uid, guint32 *uid, GError **error);
