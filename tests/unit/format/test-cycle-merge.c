#include "format/cycle-manifest.h"

#include "base/error.h"

#include <string.h>

#define SHA256 "0000000000000000000000000000000000000000000000000000000000000000"

static BkCycle *
new_cycle (void)
{
  BkCycle *cycle = bk_cycle_new ("web1", "11111111-1111-1111-1111-111111111111");

  g_ptr_array_add (cycle->backup_ids, g_strdup ("web1-Base-20261120_020000"));
  bk_cycle_set_disk_base (cycle, "vda", "web1-Base-20261120_020000/data/vda.qcow2", SHA256);
  cycle->max_incrementals = 7;
  return cycle;
}

static BkCycle *
parse (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return bk_cycle_manifest_from_bytes (bytes, "manifest.json", error);
}

static void
test_merge_modes (void)
{
  static const BkMergeMode modes[] = { BK_MERGE_IN_PLACE, BK_MERGE_COPY, BK_MERGE_CLONE };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (BkCycle) cycle = new_cycle ();
      g_autoptr (BkCycle) journal =
          bk_cycle_begin_merge (cycle, "web1-Full-Merged-20261121_020000", modes[i]);
      g_autofree char *text = bk_cycle_manifest_to_text (journal);
      g_autoptr (GError) error = NULL;
      g_autoptr (BkCycle) read = parse (text, &error);

      g_assert_no_error (error);
      g_assert_cmpint (read->status, ==, BK_CYCLE_CONSOLIDATING);
      g_assert_cmpint (read->merge, ==, modes[i]);
      g_assert_cmpstr (read->merged_id, ==, "web1-Full-Merged-20261121_020000");
      g_assert_cmpint (bk_cycle_can_be_reactivated (read), ==, modes[i] != BK_MERGE_IN_PLACE);
    }
}

static void
test_reactivated (void)
{
  g_autoptr (BkCycle) cycle = new_cycle ();
  g_autoptr (BkCycle) journal = bk_cycle_begin_merge (cycle, "web1-Full-Merged-20261121_020000", BK_MERGE_COPY);
  g_autoptr (BkCycle) active = bk_cycle_reactivate (journal);
  g_autofree char *before = bk_cycle_manifest_to_text (cycle);
  g_autofree char *after = bk_cycle_manifest_to_text (active);

  g_assert_cmpstr (before, ==, after);
}

/* @from in the text of a journal becomes @to. */
static BkCycle *
parse_changed (const char *from, const char *to, GError **error)
{
  g_autoptr (BkCycle) cycle = new_cycle ();
  g_autoptr (BkCycle) journal = bk_cycle_begin_merge (cycle, "web1-Full-Merged-20261121_020000", BK_MERGE_COPY);
  g_autofree char *text = bk_cycle_manifest_to_text (journal);
  g_auto (GStrv) parts = g_strsplit (text, from, 2);

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_autofree char *changed = g_strjoinv (to, parts);
  return parse (changed, error);
}

/* What wrote manifests before there was a choice merged in place: never thrown away. */
static void
test_without_the_member (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BkCycle) read = parse_changed ("\"merge\"", "\"other\"", &error);

  g_assert_no_error (error);
  g_assert_cmpint (read->merge, ==, BK_MERGE_IN_PLACE);
}

static void
test_unknown_mode (gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse_changed ("\"copy\"", data, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/cycle-merge/merge-modes", test_merge_modes);
  g_test_add_func ("/format/cycle-merge/reactivated", test_reactivated);
  g_test_add_func ("/format/cycle-merge/without-the-member", test_without_the_member);
  g_test_add_data_func ("/format/cycle-merge/auto-is-no-way", "\"auto\"", test_unknown_mode);
  g_test_add_data_func ("/format/cycle-merge/unknown-way", "\"magic\"", test_unknown_mode);
  g_test_add_data_func ("/format/cycle-merge/not-a-text", "7", test_unknown_mode);
  return g_test_run ();
}
