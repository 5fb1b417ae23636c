#pragma once

#include "store/tree/apply.h"
#include "store/tree/target.h"

#include <string.h>

/* What the parts of a restore's target share: target.c (its beginning and end),
 * target-place.c (where a thing goes), target-extract.c (making the thing) and
 * target-reach.c (getting to it safely). */

struct _BkTreeTarget
{
  int fd;
  int staging;
  char *path;
  BkTreeTargetFlags flags;
  BkTreeTargetWarningFunc func;
  gpointer user_data;
  char *parent_path; /* whose handle is parent */
  int parent;
  GPtrArray *directories; /* of BkTreeAttributes: set when all is in them */
};

static inline const char *
bk_tree_target_name_of (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash == NULL ? path : slash + 1;
}

gboolean bk_tree_target_fail_at (GError **error, int errnum, const char *path, const char *what);

int bk_tree_target_open_step (int dirfd, const char *path, int flags);

int bk_tree_target_make_directory (
    BkTreeTarget *target, int parent, const char *name, const char *path, GError **error);
gboolean bk_tree_target_enter_parent (BkTreeTarget *target, const char *path, GError **error);
gboolean bk_tree_target_publish (BkTreeTarget *target, const char *path, GError **error);
