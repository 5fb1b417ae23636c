#include "model/retention.h"

static BkBackup *
add (GPtrArray *all, const char *project_id, const char *id, const char *parent)
{
  BkBackup *backup = bk_backup_new (id, project_id, BK_BACKUP_INCREMENTAL);

  backup->status = BK_BACKUP_COMPLETED;
  backup->parent_backup_id = g_strdup (parent);
  g_ptr_array_add (all, backup);
  return backup;
}

static char *
join (const GPtrArray *backups)
{
  GString *ids = g_string_new (NULL);

  for (guint i = 0; i < backups->len; i++)
    g_string_append_printf (ids, "%s%s", i == 0 ? "" : " ",
                            ((const BkBackup *) g_ptr_array_index (backups, i))->id);
  return g_string_free (ids, FALSE);
}

static void
assert_dependents (const BkBackup *backup, const GPtrArray *all, const char *wanted)
{
  g_autoptr (GPtrArray) dependents = bk_retention_all_dependents (backup, all);
  g_autofree char *ids = join (dependents);

  g_assert_cmpstr (ids, ==, wanted);
}

static void
test_chain (void)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  BkBackup *base = add (all, "vm/a", "base", NULL);
  BkBackup *first = add (all, "vm/a", "inc1", "base");
  BkBackup *second = add (all, "vm/a", "inc2", "inc1");
  BkBackup *other = add (all, "vm/a", "other", NULL);
  BkBackup *failed = add (all, "vm/a", "inc3", "inc2");

  failed->status = BK_BACKUP_FAILED;
  assert_dependents (base, all, "inc2 inc1");
  assert_dependents (first, all, "inc2");
  assert_dependents (second, all, "");
  assert_dependents (other, all, "");
}

static void
test_generation (void)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  const char *const ids[] = { "2026-11-01", "2026-11-02", "2026-11-03" };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    add (all, "tree/h/a", ids[i], NULL)->directory = g_strdup ("tree/h/a/gen-2026-11-01");
  add (all, "tree/h/a", "2026-11-04", NULL)->directory = g_strdup ("tree/h/a/gen-2026-11-04");
  assert_dependents (g_ptr_array_index (all, 0), all, "2026-11-03 2026-11-02");
  assert_dependents (g_ptr_array_index (all, 2), all, "");
}

static void
test_ring (void)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_backup_free);
  BkBackup *first = add (all, "vm/a", "x", "y");

  add (all, "vm/a", "y", "x");
  assert_dependents (first, all, "y");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/retention/dependents-of-a-chain", test_chain);
  g_test_add_func ("/model/retention/dependents-in-a-generation", test_generation);
  g_test_add_func ("/model/retention/dependents-in-a-ring", test_ring);
  return g_test_run ();
}
