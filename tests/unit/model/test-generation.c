#include "model/generation.h"

#include "base/timestamp.h"

#define DAY G_TIME_SPAN_DAY
#define NOW (20000 * DAY)
#define INCREMENTAL BK_TREE_STORAGE_INCREMENTAL
#define FULL BK_TREE_STORAGE_FULL

typedef struct
{
  const char *what;
  BkGenerationFacts facts;
  gboolean is_full;
  guint sequence;
  BkGenerationReason reason;
} Case;

/* Of a generation whose full is some days old and whose newest backup is of yesterday. */
#define CHAIN(type, days, last) type, 7, FALSE, NOW, BK_CHAIN_GOOD, NOW - days *DAY, NOW - DAY, last

static const Case cases[] = {
  { "first", { INCREMENTAL, 7, FALSE, NOW, BK_CHAIN_NONE }, TRUE, 0, BK_GENERATION_FIRST },
  { "next", { CHAIN (INCREMENTAL, 3, 2) }, FALSE, 3, BK_GENERATION_NEXT },
  { "next-after-full", { CHAIN (INCREMENTAL, 1, 0) }, FALSE, 1, BK_GENERATION_NEXT },
  { "interval-passed", { CHAIN (INCREMENTAL, 7, 6) }, TRUE, 0, BK_GENERATION_INTERVAL_PASSED },
  { "interval-within-the-hour",
    { INCREMENTAL, 7, FALSE, NOW, BK_CHAIN_GOOD, NOW - 7 * DAY + G_TIME_SPAN_MINUTE, NOW - DAY, 6 },
    TRUE,
    0,
    BK_GENERATION_INTERVAL_PASSED },
  { "interval-not-passed", { CHAIN (INCREMENTAL, 6, 5) }, FALSE, 6, BK_GENERATION_NEXT },
  { "origin-255-is-the-last", { CHAIN (INCREMENTAL, 1, 254) }, FALSE, 255, BK_GENERATION_NEXT },
  { "origins-used-up", { CHAIN (INCREMENTAL, 1, 255) }, TRUE, 0, BK_GENERATION_ORIGINS_USED_UP },
  { "manifest-missing",
    { INCREMENTAL, 7, FALSE, NOW, BK_CHAIN_MANIFEST_MISSING, NOW - DAY, NOW - DAY, 1 },
    TRUE,
    0,
    BK_GENERATION_MANIFEST_MISSING },
  { "manifest-broken",
    { INCREMENTAL, 7, FALSE, NOW, BK_CHAIN_MANIFEST_BROKEN, NOW - DAY, NOW - DAY, 1 },
    TRUE,
    0,
    BK_GENERATION_MANIFEST_BROKEN },
  { "archive-missing",
    { INCREMENTAL, 7, FALSE, NOW, BK_CHAIN_ARCHIVE_MISSING, NOW - DAY, NOW - DAY, 1 },
    TRUE,
    0,
    BK_GENERATION_ARCHIVE_MISSING },
  { "storage-is-full", { CHAIN (FULL, 1, 0) }, TRUE, 0, BK_GENERATION_STORAGE_IS_FULL },
  { "requested",
    { INCREMENTAL, 7, TRUE, NOW, BK_CHAIN_GOOD, NOW - DAY, NOW - DAY, 1 },
    TRUE,
    0,
    BK_GENERATION_REQUESTED },
  { "clock-went-back",
    { INCREMENTAL, 7, FALSE, NOW, BK_CHAIN_GOOD, NOW - DAY, NOW + 1, 1 },
    TRUE,
    0,
    BK_GENERATION_CLOCK_WENT_BACK },
  { "source-missing", { CHAIN (INCREMENTAL, 1, 1), TRUE }, FALSE, 2, BK_GENERATION_NEXT },
  { "source-missing-full-waits",
    { CHAIN (INCREMENTAL, 9, 1), TRUE },
    FALSE,
    2,
    BK_GENERATION_NEXT_AND_WAIT },
  { "source-missing-origins-used-up",
    { CHAIN (INCREMENTAL, 9, 255), TRUE },
    TRUE,
    0,
    BK_GENERATION_ORIGINS_USED_UP },
};

static void
test_decide (gconstpointer data)
{
  const Case *c = data;
  BkGenerationPlan plan = bk_generation_decide (&c->facts);

  g_assert_cmpstr (bk_generation_reason_to_string (plan.reason), ==,
                   bk_generation_reason_to_string (c->reason));
  g_assert_cmpint (plan.is_full, ==, c->is_full);
  g_assert_cmpuint (plan.sequence, ==, c->sequence);
}

static void
test_names (void)
{
  static const struct
  {
    const char *taken; /* separated by blanks */
    const char *name;
  } names[] = {
    { "", "gen-2026-02-14" },
    { "gen-2026-02-07", "gen-2026-02-14" },
    { "gen-2026-02-14", "gen-2026-02-14.2" },
    { "gen-2026-02-14.2 gen-2026-02-14", "gen-2026-02-14.3" },
    { "gen-2026-02-14.10 gen-2026-02-14.9", "gen-2026-02-14.11" },
    { "gen-2026-03-01", "gen-2026-03-01.2" }, /* the clock has gone back */
    { "gen-x gen-2026-02-14.1 gen-2026-02-30", "gen-2026-02-14" },
  };
  gint64 usecs = bk_time_from_iso ("2026-02-14T02:00:00.000Z");

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (GStrv) taken = g_strsplit (names[i].taken, " ", -1);
      g_autofree char *name = bk_generation_name (usecs, (const char *const *) taken);

      g_assert_cmpstr (name, ==, names[i].name);
      g_assert_true (bk_generation_name_is_valid (name));
    }
}

static void
test_rotate (void)
{
  static const struct
  {
    const char *generations; /* oldest first: c complete, i incomplete, p pinned */
    guint max;
    guint removed;
  } rotations[] = {
    { "cccc", 4, 0 }, { "ccccc", 4, 1 }, { "cccccc", 4, 2 }, { "ccccc", 0, 0 },
    { "cci", 1, 0 },  { "", 1, 0 },      { "cc", 1, 1 },     { "pccc", 2, 1 },
    { "pcc", 2, 0 },  { "cpc", 1, 1 },   { "cic", 1, 2 },    { "icc", 2, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rotations); i++)
    {
      BkGeneration generations[8];
      guint count = 0;

      for (const char *p = rotations[i].generations; *p != '\0'; p++)
        generations[count++] = (BkGeneration){ "gen", *p != 'i', *p == 'p' };
      g_assert_cmpuint (bk_generation_count_to_rotate (generations, count, rotations[i].max), ==,
                        rotations[i].removed);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/model/generation/decide/", cases[i].what, NULL);

      g_test_add_data_func (path, &cases[i], test_decide);
    }
  g_test_add_func ("/model/generation/names", test_names);
  g_test_add_func ("/model/generation/rotate", test_rotate);
  return g_test_run ();
}
