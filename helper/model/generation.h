#pragma once

#include <glib.h>

/*
 * What the next backup of a tree is, and which generations may go. A generation is one full and
 * its incrementals; it is removed only as a whole.
 */

typedef enum
{
  BK_TREE_STORAGE_FULL,
  BK_TREE_STORAGE_INCREMENTAL,
} BkTreeStorageType;

typedef enum
{
  BK_CHAIN_NONE, /* there is no generation */
  BK_CHAIN_GOOD, /* its newest manifest and all archives it may name are there */
  BK_CHAIN_MANIFEST_MISSING,
  BK_CHAIN_MANIFEST_BROKEN,
  BK_CHAIN_ARCHIVE_MISSING, /* gone, or not of the size it was recorded with */
} BkChainState;

typedef struct
{
  BkTreeStorageType storage_type;
  guint full_interval_days;
  gboolean full_requested;
  gint64 now_usecs;
  BkChainState chain; /* of the newest generation; what follows is meaningful if there is one */
  gint64 full_started_usecs;
  gint64 last_started_usecs;
  guint last_sequence;
  gboolean sources_missing; /* one that the newest backup holds is not there now */
} BkGenerationFacts;

typedef enum
{
  BK_GENERATION_NEXT,            /* the newest generation goes on */
  BK_GENERATION_NEXT_AND_WAIT,   /* as NEXT, though a full is due: a source is missing */
  BK_GENERATION_STORAGE_IS_FULL, /* from here on: a full in a new generation */
  BK_GENERATION_REQUESTED,
  BK_GENERATION_FIRST,
  BK_GENERATION_INTERVAL_PASSED,
  BK_GENERATION_ORIGINS_USED_UP,
  BK_GENERATION_MANIFEST_MISSING,
  BK_GENERATION_MANIFEST_BROKEN,
  BK_GENERATION_ARCHIVE_MISSING,
  BK_GENERATION_CLOCK_WENT_BACK,
} BkGenerationReason;

typedef struct
{
  gboolean is_full;
  guint8 sequence; /* the origin of what is written now */
  BkGenerationReason reason;
  gboolean is_warning; /* whether the reason is something a person should look at */
} BkGenerationPlan;

BkGenerationPlan bk_generation_decide (const BkGenerationFacts *facts);
const char *bk_generation_reason_to_string (BkGenerationReason reason);
const char *bk_generation_reason_explain (BkGenerationReason reason);

char *bk_generation_name (gint64 usecs, const char *const *taken);
gboolean bk_generation_name_is_valid (const char *name);
int bk_generation_name_compare (const char *a, const char *b);

/* One generation, as the catalogue finds it. */
typedef struct
{
  const char *name;
  gboolean is_complete; /* its full is completed */
  gboolean is_pinned;   /* a person pinned a backup in it */
} BkGeneration;

guint bk_generation_count_to_rotate (const BkGeneration *generations, guint count, guint max_count);
gboolean bk_generation_may_rotate (const BkGeneration *generation);
