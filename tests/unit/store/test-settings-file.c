#include "store/state/settings-file.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("bk-settings-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "etc", "config.json", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *etc = g_path_get_dirname (fixture->path);
  g_autofree char *lock = g_build_filename (etc, ".config.lock", NULL);

  g_unlink (lock);
  g_unlink (fixture->path);
  g_rmdir (etc);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->path);
  g_free (fixture->directory);
}

static void
write_config (Fixture *fixture, const char *text)
{
  g_autofree char *etc = g_path_get_dirname (fixture->path);

  g_mkdir_with_parents (etc, 0755);
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

static void
test_load (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    const char *error; /* what it ends with; NULL: valid */
  } cases[] = {
    { "{}", NULL },
    { "{\"port\":9000,\"log_level\":\"debug\",\"repository_dir\":\"/srv/b\"}", NULL },
    { "", "It is not JSON text, or nested deeper than 32 levels" },
    { "[]", "It is not a JSON object" },
    { "{\"port\":9000,}", "It is not JSON text, or nested deeper than 32 levels" },
    { "{\"prot\":9000}", "is wrong: The setting “prot” is not known" },
    { "{\"port\":\"9000\"}", "is wrong: The setting “port” must be a whole number" },
    { "{\"port\":9000.5}", "is wrong: The setting “port” must be a whole number" },
    { "{\"port\":null}", "is wrong: The setting “port” must be a whole number" },
    { "{\"port\":70000}",
      "is wrong: The setting “port” must be a whole number from 1 to 65535; it is “70000”" },
    { "{\"log_level\":5}", "is wrong: The setting “log_level” must be a text" },
    { "{\"log_dir\":\"logs\"}", "for instance /srv/backup; it is “logs”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      write_config (fixture, cases[i].text);
      g_autoptr (BkSettings) settings = bk_settings_load (fixture->path, NULL, &error);
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (settings != NULL, ==, cases[i].error == NULL);
      if (error == NULL)
        continue;
      g_assert_true (g_str_has_suffix (error->message, cases[i].error));
      g_assert_nonnull (strstr (error->message, fixture->path));
      g_assert_null (strchr (error->message, '\n'));
    }
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) environment = g_strsplit (
      "BACKUP_DIR=/srv/x LOG_DIR=/srv/y PORT=9001 LOG_LEVEL=error ENVIRONMENT=development", " ",
      -1);
  g_autoptr (GError) error = NULL;

  write_config (fixture, "{\"repository_dir\":\"/srv/b\",\"port\":9000,\"retention_days\":5}");
  g_autoptr (BkSettings) settings = bk_settings_load (fixture->path, environment, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (settings->repository_dir, ==, "/srv/x");
  g_assert_cmpstr (settings->log_dir, ==, "/srv/y");
  g_assert_cmpuint (settings->port, ==, 9001);
  g_assert_cmpstr (settings->log_level, ==, "error");
  g_assert_cmpstr (settings->environment, ==, "development");
  g_assert_cmpuint (settings->retention_days, ==, 5);
  g_assert_cmpstr (settings->config_path, ==, fixture->path);

  environment = g_environ_setenv (g_steal_pointer (&environment), "PORT", "many", TRUE);
  g_assert_null (bk_settings_load (fixture->path, environment, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  g_assert_true (g_str_has_prefix (error->message, "The environment variable PORT is wrong: "));

  /* An empty variable is none. */
  environment = g_environ_setenv (g_steal_pointer (&environment), "PORT", "", TRUE);
  g_autoptr (BkSettings) empty = bk_settings_load (fixture->path, environment, NULL);
  g_assert_cmpuint (empty->port, ==, 9000);
}

static void
test_which_file (Fixture *fixture, gconstpointer data)
{
  g_auto (GStrv) environment = g_environ_setenv (NULL, BK_CONFIG_VARIABLE, fixture->path, TRUE);
  g_autoptr (GError) error = NULL;

  /* One that was named must be there. */
  g_assert_null (bk_settings_load (NULL, environment, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (bk_settings_load (fixture->path, NULL, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);

  write_config (fixture, "{\"port\":9000}");
  g_autoptr (BkSettings) settings = bk_settings_load (NULL, environment, NULL);
  g_assert_cmpuint (settings->port, ==, 9000);
}

static void
test_store (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_true (bk_settings_store (fixture->path, "port", "9000", &error));
  g_assert_no_error (error);
  g_assert_true (bk_settings_store (fixture->path, "log_level", "debug", &error));
  g_assert_true (bk_settings_store (fixture->path, "port", "9002", &error));
  g_file_get_contents (fixture->path, &text, NULL, NULL);
  g_assert_cmpstr (text, ==, "{\n  \"port\" : 9002,\n  \"log_level\" : \"debug\"\n}\n");

  g_assert_false (bk_settings_store (fixture->path, "port", "none", &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_false (bk_settings_store (fixture->path, "config_path", "/x", &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
  g_clear_error (&error);

  g_autofree char *after = NULL;
  g_file_get_contents (fixture->path, &after, NULL, NULL);
  g_assert_cmpstr (after, ==, text);
}

static void
test_store_into_broken (Fixture *fixture, gconstpointer data)
{
  static const char *const broken[] = { "{", "{\"prot\":1}", "{\"port\":0}" };

  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *after = NULL;

      write_config (fixture, broken[i]);
      g_assert_false (bk_settings_store (fixture->path, "log_level", "debug", &error));
      g_assert_nonnull (error);
      g_file_get_contents (fixture->path, &after, NULL, NULL);
      g_assert_cmpstr (after, ==, broken[i]);
    }
}

/* As the page does when two fields are left one right after the other. */
static gpointer
store_port (gpointer path)
{
  g_autoptr (GError) error = NULL;

  bk_settings_store (path, "port", "9000", &error);
  return g_steal_pointer (&error);
}

static void
test_store_while_another_does (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_config (fixture, "{}");
  g_autofree char *etc = g_path_get_dirname (fixture->path);
  autofd int dirfd = bk_open_directory (etc, &error);
  g_assert_no_error (error);
  BkLock *lock = bk_lock_try (dirfd, ".config.lock", "another", NULL, &error);
  g_assert_no_error (error);
  GThread *thread = g_thread_new ("store", store_port, fixture->path);
  g_usleep (50 * 1000);
  bk_lock_free (lock);
  error = g_thread_join (thread);
  g_assert_no_error (error);

  g_autoptr (BkSettings) settings = bk_settings_load (fixture->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (settings->port, ==, 9000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add (name, Fixture, NULL, set_up, func, tear_down)
  ADD ("/store/settings-file/load", test_load);
  ADD ("/store/settings-file/environment", test_environment);
  ADD ("/store/settings-file/which-file", test_which_file);
  ADD ("/store/settings-file/store", test_store);
  ADD ("/store/settings-file/store-into-broken", test_store_into_broken);
  ADD ("/store/settings-file/store-while-another-does", test_store_while_another_does);
  return g_test_run ();
}
