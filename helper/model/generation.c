#include "model/generation.h"

#include "base/gettext.h"
#include "base/timestamp.h"
#include "model/tree-entry.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "gen-"
#define DATE_LENGTH 10

/* A timer does not fire at the same second each day: a full that is due within the hour is due. */
#define SLACK_USECS G_TIME_SPAN_HOUR

static const struct
{
  const char *name;
  gboolean is_warning;
  const char *explanation;
} reasons[] = {
  [BK_GENERATION_NEXT] = { "next", FALSE, N_ ("the generation goes on") },
  [BK_GENERATION_NEXT_AND_WAIT] = { "next-and-wait", TRUE,
                                    N_ ("a full is due, but a source is not there: its old entries "
                                        "are kept until it comes back") },
  [BK_GENERATION_STORAGE_IS_FULL] = { "storage-is-full", FALSE,
                                      N_ ("the storage takes only fulls") },
  [BK_GENERATION_REQUESTED] = { "requested", FALSE, N_ ("a full was asked for") },
  [BK_GENERATION_FIRST] = { "first", FALSE, N_ ("there is no earlier generation") },
  [BK_GENERATION_INTERVAL_PASSED] = { "interval-passed", FALSE,
                                      N_ ("the interval between fulls has passed") },
  [BK_GENERATION_ORIGINS_USED_UP] = { "origins-used-up", FALSE,
                                      N_ ("the generation has its greatest number of incrementals") },
  [BK_GENERATION_MANIFEST_MISSING] = { "manifest-missing", TRUE,
                                       N_ ("the newest manifest is missing") },
  [BK_GENERATION_MANIFEST_BROKEN] = { "manifest-broken", TRUE,
                                      N_ ("the newest manifest is broken") },
  [BK_GENERATION_ARCHIVE_MISSING] = { "archive-missing", TRUE,
                                      N_ ("an archive of the generation is missing or has another "
                                          "size than was recorded") },
  [BK_GENERATION_CLOCK_WENT_BACK] = { "clock-went-back", TRUE,
                                      N_ ("the clock is behind the newest backup, so times cannot "
                                          "tell what changed since") },
};

static gboolean
interval_has_passed (const BkGenerationFacts *facts)
{
  return facts->now_usecs - facts->full_started_usecs + SLACK_USECS >=
         (gint64) facts->full_interval_days * G_TIME_SPAN_DAY;
}

static BkGenerationReason
find_reason (const BkGenerationFacts *facts)
{
  gboolean full_wanted = facts->full_requested || facts->storage_type == BK_TREE_STORAGE_FULL ||
                         interval_has_passed (facts);

  switch (facts->chain)
    {
    case BK_CHAIN_NONE:
      return BK_GENERATION_FIRST;
    case BK_CHAIN_MANIFEST_MISSING:
      return BK_GENERATION_MANIFEST_MISSING;
    case BK_CHAIN_MANIFEST_BROKEN:
      return BK_GENERATION_MANIFEST_BROKEN;
    case BK_CHAIN_ARCHIVE_MISSING:
      return BK_GENERATION_ARCHIVE_MISSING;
    case BK_CHAIN_GOOD:
      break;
    }
  if (facts->last_sequence >= BK_TREE_ORIGIN_MAX)
    return BK_GENERATION_ORIGINS_USED_UP;
  if (facts->now_usecs < facts->last_started_usecs)
    return BK_GENERATION_CLOCK_WENT_BACK;
  if (facts->storage_type == BK_TREE_STORAGE_FULL)
    return BK_GENERATION_STORAGE_IS_FULL;
  if (facts->sources_missing && full_wanted)
    return BK_GENERATION_NEXT_AND_WAIT;
  if (facts->full_requested)
    return BK_GENERATION_REQUESTED;
  return full_wanted ? BK_GENERATION_INTERVAL_PASSED : BK_GENERATION_NEXT;
}

/**
 * bk_generation_decide:
 *
 * The decision table: whatever speaks against going on, or for a full, leads to a full in a new
 * generation. Only a source that is missing holds back a full which is merely due: what an
 * incremental carries forward, a new generation would not have.
 */
BkGenerationPlan
bk_generation_decide (const BkGenerationFacts *facts)
{
  BkGenerationReason reason = find_reason (facts);
  gboolean is_full = reason > BK_GENERATION_NEXT_AND_WAIT;

  return (BkGenerationPlan){
    .is_full = is_full,
    .sequence = is_full ? 0 : (guint8) (facts->last_sequence + 1),
    .reason = reason,
    .is_warning = reasons[reason].is_warning,
  };
}

const char *
bk_generation_reason_to_string (BkGenerationReason reason)
{
  return reasons[reason].name;
}

/**
 * bk_generation_reason_explain:
 *
 * Returns: (transfer none): the reason as part of a sentence.
 */
const char *
bk_generation_reason_explain (BkGenerationReason reason)
{
  return _ (reasons[reason].explanation);
}

/* gen-YYYY-MM-DD, or gen-YYYY-MM-DD.N with N from 2 on. */
static guint
suffix_of (const char *name)
{
  const char *rest = name + strlen (PREFIX) + DATE_LENGTH;

  return *rest == '\0' ? 1 : (guint) strtoul (rest + 1, NULL, 10);
}

/**
 * bk_generation_name_is_valid:
 * @name: hostile until checked
 */
gboolean
bk_generation_name_is_valid (const char *name)
{
  if (!g_str_has_prefix (name, PREFIX) || strlen (name) < strlen (PREFIX) + DATE_LENGTH)
    return FALSE;

  g_autofree char *midnight =
      g_strdup_printf ("%.*sT00:00:00.000Z", DATE_LENGTH, name + strlen (PREFIX));
  const char *rest = name + strlen (PREFIX) + DATE_LENGTH;

  if (bk_time_from_iso (midnight) == BK_TIME_INVALID)
    return FALSE;
  if (*rest == '\0')
    return TRUE;
  return rest[0] == '.' && rest[1] >= '1' && rest[1] <= '9' && strlen (rest + 1) <= 5 &&
         strspn (rest + 1, "0123456789") == strlen (rest + 1) && suffix_of (name) >= 2;
}

/**
 * bk_generation_name_compare:
 *
 * The order in which two generations began. Both names are valid.
 */
int
bk_generation_name_compare (const char *a, const char *b)
{
  int order = strncmp (a, b, strlen (PREFIX) + DATE_LENGTH);

  return order != 0 ? order : (int) suffix_of (a) - (int) suffix_of (b);
}

/**
 * bk_generation_name:
 * @usecs: when it begins
 * @taken: the names there are, sorted or not
 *
 * Returns: (transfer full): gen-YYYY-MM-DD, or with .N if that day has one; always after all
 *   those of @taken, also when the clock has gone back.
 */
char *
bk_generation_name (gint64 usecs, const char *const *taken)
{
  g_autofree char *date = bk_time_to_date (usecs);
  g_autofree char *name = g_strconcat (PREFIX, date, NULL);

  for (guint i = 0; taken[i] != NULL; i++)
    {
      if (!bk_generation_name_is_valid (taken[i]) ||
          bk_generation_name_compare (taken[i], name) < 0)
        continue;

      char *later = g_strdup_printf ("%.*s.%u", (int) strlen (PREFIX) + DATE_LENGTH, taken[i],
                                     suffix_of (taken[i]) + 1);
      g_free (name);
      name = later;
    }
  return g_steal_pointer (&name);
}

/**
 * bk_generation_may_rotate:
 *
 * Returns: whether the automatic rule may remove it at all.
 */
gboolean
bk_generation_may_rotate (const BkGeneration *generation)
{
  return !generation->is_pinned;
}

/**
 * bk_generation_count_to_rotate:
 * @generations: oldest first
 * @max_count: how many complete ones to keep; 0 keeps all
 *
 * Pinned generations are neither counted nor removed. Nothing is removed while the newest one is
 * not complete. One that is not complete does not count as kept.
 *
 * Returns: how many of @generations, from the oldest on and passing over those that
 *   bk_generation_may_rotate() refuses, are past @max_count.
 */
guint
bk_generation_count_to_rotate (const BkGeneration *generations, guint count, guint max_count)
{
  guint kept = 0;
  guint removed = 0;

  if (max_count == 0 || count == 0 || !generations[count - 1].is_complete)
    return 0;
  for (guint i = count; i > 0; i--)
    {
      const BkGeneration *generation = &generations[i - 1];

      if (!bk_generation_may_rotate (generation))
        continue;
      if (kept >= max_count)
        removed++;
      else if (generation->is_complete)
        kept++;
    }
  return removed;
}
