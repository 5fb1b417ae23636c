#include "model/project.h"

#include "base/error.h"

static void
test_parse (void)
{
  static const struct
  {
    const char *id;
    gboolean valid;
    BkProjectKind kind;
  } cases[] = {
    { "vm/web1", TRUE, BK_PROJECT_VM },
    { "vm/São Paulo & co", TRUE, BK_PROJECT_VM },
    { "tree/host1/databases", TRUE, BK_PROJECT_TREE },
    { "event-log/default", TRUE, BK_PROJECT_EVENT_LOG },
    { NULL, FALSE },
    { "", FALSE },
    { "vm", FALSE },
    { "vm/", FALSE },
    { "vm/a/b", FALSE },
    { "tree/a", FALSE },
    { "vm/..", FALSE },
    { "vm/.lock", FALSE },
    { "/vm/a", FALSE },
    { "etc/passwd", FALSE },
    { "vm/a\nb", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      BkProjectKind kind = BK_PROJECT_VM;

      g_assert_cmpint (bk_project_id_parse (cases[i].id, &kind, &error), ==, cases[i].valid);
      if (cases[i].valid)
        g_assert_cmpint (kind, ==, cases[i].kind);
      else
        g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
}

static void
test_split (void)
{
  g_autofree char *project_id = NULL;
  g_autofree char *backup_id = NULL;
  g_autoptr (GError) error = NULL;
  BkProjectKind kind;

  g_assert_true (bk_backup_full_id_split ("tree/h/d/2026-11-20T02-00-00", &project_id, &backup_id,
                                          &kind, &error));
  g_assert_cmpstr (project_id, ==, "tree/h/d");
  g_assert_cmpstr (backup_id, ==, "2026-11-20T02-00-00");
  g_assert_cmpint (kind, ==, BK_PROJECT_TREE);
  g_assert_false (bk_backup_full_id_split ("vm/web1", &project_id, &backup_id, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/project/parse", test_parse);
  g_test_add_func ("/model/project/split", test_split);
  return g_test_run ();
}
