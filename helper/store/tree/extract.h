#pragma once

#include "store/tree/point.h"
#include "store/tree/target.h"

/*
 * From a point's archives into a target. Each thing is written once, from the archive its origin
 * names: the archives are gone through one after the other, and of each only what is wanted is
 * taken. Extracting them all in turn would write most things several times, and through each
 * other's links.
 */

/* What a selection of a manifest amounts to. */
typedef struct
{
  guint64 entries_count;
  guint64 files_count; /* regular files among them */
  guint64 size_bytes;  /* of those */
  guint64 counts[BK_TREE_ORIGIN_MAX + 1];
  GPtrArray *few; /* (element-type BkTreeEntry) (nullable): all of them, where they are few */
} BkTreeExtractPlan;

void bk_tree_extract_plan_clear (BkTreeExtractPlan *plan);

gboolean bk_tree_extract_plan (BkTreePoint *point,
                               const BkTreeSelection *selection,
                               BkTreeExtractPlan *plan,
                               GCancellable *cancellable,
                               GError **error);

typedef struct
{
  /* One thing could not be restored; the rest goes on. */
  void (*failed) (const char *path, const GError *error, gpointer user_data);
  void (*progress) (guint64 done_count, guint64 written_bytes, gpointer user_data);
  gpointer user_data;
} BkTreeExtractWatch;

typedef struct
{
  guint64 done_count;
  guint64 failed_count;
  guint64 written_bytes;
  guint64 read_bytes; /* of the archives */
} BkTreeExtractResult;

gboolean bk_tree_extract (BkTreePoint *point,
                          const BkTreeSelection *selection,
                          const BkTreeExtractPlan *plan,
                          BkTreeTarget *target,
                          const BkTreeExtractWatch *watch,
                          BkTreeExtractResult *result,
                          GCancellable *cancellable,
                          GError **error);
