#include "model/settings.h"

#include "base/error.h"

#include <string.h>

static void
test_set (void)
{
  static const struct
  {
    const char *name;
    const char *text;
    const char *error; /* NULL: valid */
  } cases[] = {
    { "repository_dir", "/srv/backup", NULL },
    { "repository_dir", "srv/backup",
      "The setting “repository_dir” must be an absolute path without “..”, for instance "
      "/srv/backup; it is “srv/backup”" },
    { "log_dir", "/srv/../etc",
      "The setting “log_dir” must be an absolute path without “..”, for instance /srv/backup; "
      "it is “/srv/../etc”" },
    { "log_dir", "/a\nb",
      "The setting “log_dir” must be an absolute path without “..”, for instance /srv/backup; "
      "it is “/a b”" },
    { "log_dir", "",
      "The setting “log_dir” must be an absolute path without “..”, for instance /srv/backup; "
      "it is “”" },
    { "connect_uri", "test:///default", NULL },
    { "connect_uri", "qemu",
      "The setting “connect_uri” must be a libvirt connection, for instance qemu:///system; "
      "it is “qemu”" },
    { "max_incrementals", "1", NULL },
    { "max_incrementals", "255", NULL },
    { "max_incrementals", "0",
      "The setting “max_incrementals” must be a whole number from 1 to 255; it is “0”" },
    { "max_incrementals", "256",
      "The setting “max_incrementals” must be a whole number from 1 to 255; it is “256”" },
    { "port", "65535", NULL },
    { "port", "65536", "The setting “port” must be a whole number from 1 to 65535; it is “65536”" },
    { "port", "-1", "The setting “port” must be a whole number from 1 to 65535; it is “-1”" },
    { "port", "8001x", "The setting “port” must be a whole number from 1 to 65535; it is “8001x”" },
    { "log_level", "debug", NULL },
    { "log_level", "loud",
      "The setting “log_level” must be one of debug|info|warning|error; it is “loud”" },
    { "environment", "development", NULL },
    { "environment", "production|development",
      "The setting “environment” must be one of production|development; it is "
      "“production|development”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BkSettings) settings = bk_settings_new ();
      g_autoptr (GError) error = NULL;
      gboolean valid =
          bk_settings_set (settings, bk_setting_find (cases[i].name), cases[i].text, &error);

      g_test_message ("%s: %s", cases[i].name, cases[i].text);
      g_assert_cmpstr (error != NULL ? error->message : NULL, ==, cases[i].error);
      g_assert_cmpint (valid, ==, cases[i].error == NULL);
      if (error != NULL)
        g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
    }
}

static void
test_state_dir (void)
{
  g_autoptr (BkSettings) settings = bk_settings_new ();
  const BkSetting *state_dir = bk_setting_find ("state_dir");

  g_assert_true (bk_settings_set (settings, state_dir, "/srv/a", NULL));
  g_assert_cmpstr (settings->repository_dir, ==, "/srv/a/repository");
  g_assert_cmpstr (settings->log_dir, ==, "/srv/a/logs");
  g_assert_true (bk_settings_set (settings, bk_setting_find ("log_dir"), "/var/log/b", NULL));
  g_assert_true (bk_settings_set (settings, state_dir, "/srv/b", NULL));
  g_assert_cmpstr (settings->repository_dir, ==, "/srv/b/repository");
  g_assert_cmpstr (settings->log_dir, ==, "/var/log/b");
}

static void
test_copy (void)
{
  g_autoptr (BkSettings) settings = bk_settings_new ();

  settings->config_path = g_strdup ("/etc/x.json");
  g_autoptr (BkSettings) copy = bk_settings_copy (settings);
  for (const BkSetting *setting = bk_setting_all (); setting->name != NULL; setting++)
    {
      if (setting->type == BK_SETTING_COUNT)
        {
          g_assert_cmpuint (bk_settings_get_count (copy, setting), ==,
                            bk_settings_get_count (settings, setting));
          continue;
        }
      const char *text = bk_settings_get_text (settings, setting);
      g_assert_cmpstr (bk_settings_get_text (copy, setting), ==, text);
      g_assert_true (bk_settings_get_text (copy, setting) != text);
    }
  g_assert_cmpstr (copy->config_path, ==, "/etc/x.json");
  g_assert_true (copy->config_path != settings->config_path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/settings/set", test_set);
  g_test_add_func ("/model/settings/state-dir", test_state_dir);
  g_test_add_func ("/model/settings/copy", test_copy);
  return g_test_run ();
}
