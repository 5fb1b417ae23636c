#include "base/error.h"
#include "format/restore-journal-json.h"

#include <string.h>

#define UUID "6b1d0c6e-3d3e-4f8a-9a59-0d4a3a9f2f11"

static char *
journal_text (
    const char *mode, const char *state, const char *uuid, const char *tag, const char *path)
{
  return g_strdup_printf ("{\"version\":1,\"mode\":\"%s\",\"state\":\"%s\",\"backup_id\":\"b\","
                          "\"vm\":\"web1\",\"uuid\":%s,\"tag\":\"%s\",\"overwrite\":1,"
                          "\"paths\":[\"%s\"]}",
                          mode, state, uuid, tag, path);
}

static BkRestoreJournal *
read_text (const char *text, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  return bk_restore_journal_from_bytes (bytes, "The journal", error);
}

static void
test_round_trip (void)
{
  g_autoptr (BkRestoreJournal) journal =
      bk_restore_journal_new (BK_RESTORE_IN_PLACE, "web1-Base-20261120_020000", "web1", "0a1b2c3d");

  journal->state = BK_RESTORE_PLACING;
  journal->uuid = g_strdup (UUID);
  journal->overwrite = TRUE;
  g_ptr_array_add (journal->paths, g_strdup ("/home/a b/.images/ü, &.qcow2"));

  g_autofree char *text = bk_restore_journal_to_text (journal);
  g_autoptr (BkRestoreJournal) again = read_text (text, NULL);
  g_assert_nonnull (again);
  g_assert_cmpint (again->mode, ==, BK_RESTORE_IN_PLACE);
  g_assert_cmpint (again->state, ==, BK_RESTORE_PLACING);
  g_assert_cmpstr (again->uuid, ==, UUID);
  g_assert_true (again->overwrite);
  g_assert_cmpuint (again->paths->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (again->paths, 0), ==, "/home/a b/.images/ü, &.qcow2");
}

static void
test_hostile (void)
{
  static const struct
  {
    const char *mode, *state, *uuid, *tag, *path;
    gboolean is_valid;
  } cases[] = {
    { "directory", "writing", "null", "0a1b2c3d", "/srv/x", TRUE },
    { "new", "placing", "\"" UUID "\"", "0a1b2c3d", "/srv/x", TRUE },
    { "new", "placing", "\"../../etc\"", "0a1b2c3d", "/srv/x", FALSE },
    { "new", "placing", "null", "0a1b2c3d", "/srv/x", FALSE },
    { "in-place", "placing", "null", "0a1b2c3d", "/srv/x", FALSE },
    { "sideways", "writing", "null", "0a1b2c3d", "/srv/x", FALSE },
    { "directory", "done", "null", "0a1b2c3d", "/srv/x", FALSE },
    { "directory", "writing", "null", "", "/srv/x", FALSE },
    { "directory", "writing", "null", "../../ab", "/srv/x", FALSE },
    { "directory", "writing", "null", "0A1B2C3D", "/srv/x", FALSE },
    { "directory", "writing", "null", "0a1b2c3d", "srv/x", FALSE },
    { "directory", "writing", "null", "0a1b2c3d", "/srv/../x", FALSE },
    { "directory", "writing", "null", "0a1b2c3d", "/srv//x", FALSE },
    { "directory", "writing", "null", "0a1b2c3d", "/", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text =
          journal_text (cases[i].mode, cases[i].state, cases[i].uuid, cases[i].tag, cases[i].path);
      g_autoptr (BkRestoreJournal) journal = read_text (text, &error);

      g_test_message ("%s", text);
      if (cases[i].is_valid)
        g_assert_no_error (error);
      else
        g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
      g_assert_true ((journal != NULL) == cases[i].is_valid);
    }
}

static void
test_names (void)
{
  g_autofree char *temporary = bk_restore_temporary_path ("/srv/a.qcow2", "0a1b2c3d");
  g_autofree char *kept = bk_restore_kept_path ("/srv/a.qcow2", "0a1b2c3d");

  g_assert_cmpstr (temporary, ==, "/srv/a.qcow2.restoring-0a1b2c3d");
  g_assert_cmpstr (kept, ==, "/srv/a.qcow2.replaced-0a1b2c3d");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/restore-journal/round-trip", test_round_trip);
  g_test_add_func ("/format/restore-journal/hostile", test_hostile);
  g_test_add_func ("/format/restore-journal/names", test_names);
  return g_test_run ();
}
