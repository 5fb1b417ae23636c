#pragma once

#include <glib.h>
#include <sys/types.h>

char *bk_find_impassable (const char *path, uid_t uid, gid_t gid);
