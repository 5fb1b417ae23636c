#pragma once

#include "store/tree/point.h"

/* Which point of a tree is meant. Everything in it is borrowed for the call. */
typedef struct
{
  const char *project_id;
  const char *backup_id;  /* (nullable) just this one */
  const char *generation; /* (nullable) only a point of this generation */
  gint64 not_after_usecs; /* the newest point that is not newer; G_MAXINT64: the newest */
} BkTreeWhich;

BkTreePoint *bk_tree_open_point (BkRepository *repository,
                                 const BkTreeWhich *which,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean bk_tree_parse_path (const char *text, char **path, GError **error);
