#include "base/language.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "base/thread.h"

#include "mo-file.h"

#include <errno.h>
#include <glib/gstdio.h>

static const MoEntry entries[] = {
  { "", 0, "Plural-Forms: nplurals=2; plural=(n > 1);\n", 0 },
  { "%s byte\0%s bytes", 16, "%s octeto\0%s octetos", 20 },
  { "No space left on device", 0, "Não há espaço", 0 },
  { "%s: %s; %s", 0, "%s: %s; %s", 0 },
  { "free some space there", 0, "libere espaço lá", 0 },
  { "before the decimals\004.", 0, ",", 0 },
  { "between groups of three digits\004,", 0, ".", 0 },
  { "“%s” cannot be written", 0, "“%s” não pode ser gravado", 0 },
};

static char *
make_locale_dir (void)
{
  static const char *const names[] = { "pt_BR", "xx" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = mo_file (entries, G_N_ELEMENTS (entries), FALSE);
  char *directory = g_dir_make_tmp ("bk-language-XXXXXX", &error);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *messages = g_build_filename (directory, names[i], "LC_MESSAGES", NULL);
      g_autofree char *path = g_build_filename (messages, GETTEXT_PACKAGE ".mo", NULL);

      g_assert_cmpint (g_mkdir_with_parents (messages, 0700), ==, 0);
      g_file_set_contents (path, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes),
                           &error);
      g_assert_no_error (error);
    }
  return directory;
}

static void
remove_locale_dir (const char *directory)
{
  g_autofree char *command = g_strdup_printf ("rm -r %s", directory);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
}

static void
test_find (void)
{
  static const struct
  {
    const char *wanted;
    const char *name;
  } cases[] = {
    { NULL, "en" },
    { "", "en" },
    { "C", "en" },
    { "C.UTF-8", "en" },
    { "pt_BR", "pt_BR" },
    { "pt-br", "pt_BR" },
    { "PT-BR", "pt_BR" },
    { "pt_BR.UTF-8", "pt_BR" },
    { "pt_BR@abnt", "pt_BR" },
    { "pt", "en" },
    { "pt_PT", "en" },
    { "xx_YY", "xx" },
    { "de:pt_BR:en", "pt_BR" },
    { "de:en:pt_BR", "en" },
    { "en_GB:pt_BR", "en" },
    { "de", "en" },
    { "../pt_BR", "en" },
    { "pt_BR/..", "en" },
    { "pt_BR_xx_yy", "en" },
    { "pt\xff", "en" },
    { ":::", "en" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %u", i);
      g_assert_cmpstr (bk_language_name (bk_language_find (cases[i].wanted)), ==, cases[i].name);
    }
  g_autofree char *many = g_strnfill (100000, ':');
  g_assert_cmpstr (bk_language_name (bk_language_find (many)), ==, "en");
}

static void
test_environment (void)
{
  static const struct
  {
    const char *environment[5];
    const char *name;
  } cases[] = {
    { { NULL }, "en" },
    { { "LANG=pt_BR.UTF-8" }, "pt_BR" },
    { { "LANGUAGE=pt_BR" }, "pt_BR" },
    { { "LANG=C.UTF-8", "LANGUAGE=pt_BR" }, "pt_BR" },
    { { "LANG=C", "LANGUAGE=pt_BR" }, "en" },
    { { "LC_ALL=POSIX", "LANG=pt_BR.UTF-8", "LANGUAGE=pt_BR" }, "en" },
    { { "LC_ALL=", "LC_MESSAGES=pt_BR.UTF-8", "LANG=C" }, "pt_BR" },
    { { "LC_MESSAGES=C", "LANG=pt_BR.UTF-8" }, "en" },
    { { "LANG=pt_BR.UTF-8", "LANGUAGE=en" }, "en" },
    { { "LANG=pt_BR.UTF-8", "LANGUAGE=" }, "pt_BR" },
    { { "LANG=en_US.UTF-8", "LANGUAGE=C" }, "en" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) environment = g_strdupv ((char **) cases[i].environment);

      g_test_message ("case %u", i);
      g_assert_cmpstr (bk_language_name (bk_language_of_environment (environment)), ==,
                       cases[i].name);
    }
}

static void
assert_message (const char *expected)
{
  g_autoptr (GError) error = NULL;

  bk_error_set_errno (&error, ENOSPC, "“%s” cannot be written", "disk");
  g_assert_error (error, BK_ERROR, BK_ERROR_NO_SPACE);
  g_assert_cmpstr (error->message, ==, expected);
}

#define ENGLISH "“disk” cannot be written: No space left on device; free some space there"
#define PORTUGUESE "“disk” não pode ser gravado: Não há espaço; libere espaço lá"

static gpointer
speak_portuguese (gpointer unused)
{
  assert_message (PORTUGUESE);
  return NULL;
}

static gpointer
speak_english (gpointer unused)
{
  assert_message (ENGLISH);
  return NULL;
}

/* Each thread has its own, and gives it to those that it starts. */
static void
test_threads (void)
{
  assert_message (ENGLISH);
  bk_language_set (bk_language_find ("pt-br"));
  assert_message (PORTUGUESE);
  g_thread_join (bk_thread_new ("portuguese", speak_portuguese, NULL));
  g_thread_join (g_thread_new ("default", speak_english, NULL));
  bk_language_set (NULL);
  assert_message (ENGLISH);
  g_thread_join (bk_thread_new ("english", speak_english, NULL));

  bk_language_set_default (bk_language_find ("pt_BR"));
  assert_message (PORTUGUESE);
  g_thread_join (g_thread_new ("default", speak_portuguese, NULL));
  bk_language_set_default (bk_language_find ("en"));
}

static void
assert_size (guint64 size_bytes, const char *expected)
{
  g_autofree char *text = bk_size_text (size_bytes);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_quantities (void)
{
  g_autofree char *decimal = bk_decimal_text (12.345, 2);

  g_assert_cmpstr (decimal, ==, "12.35");
  g_assert_cmpstr (BK_NUMBER (0), ==, "0");
  g_assert_cmpstr (BK_NUMBER (999), ==, "999");
  g_assert_cmpstr (BK_NUMBER (1000), ==, "1,000");
  g_assert_cmpstr (BK_NUMBER (G_MAXUINT64), ==, "18,446,744,073,709,551,615");
  g_assert_cmpstr (BK_DIGITS (1234567), ==, "1234567");
  assert_size (0, "0 bytes");
  assert_size (1, "1 byte");
  assert_size (999, "999 bytes");
  assert_size (1500, "1.5\302\240kB");
  assert_size (2000000000, "2.0\302\240GB");
  assert_size (G_MAXUINT64, "18.4\302\240EB");

  bk_language_set (bk_language_find ("pt_BR"));
  g_assert_cmpstr (BK_NUMBER (1234567), ==, "1.234.567");
  assert_size (1, "1 octeto");
  assert_size (2, "2 octetos");
  assert_size (1500, "1,5\302\240kB");
  bk_language_set (NULL);
}

int
main (int argc, char **argv)
{
  g_autofree char *directory = make_locale_dir ();

  g_setenv (BK_LOCALE_DIR_VARIABLE, directory, TRUE);
  g_setenv ("LC_ALL", "C", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/language/find", test_find);
  g_test_add_func ("/base/language/environment", test_environment);
  g_test_add_func ("/base/language/threads", test_threads);
  g_test_add_func ("/base/quantity/languages", test_quantities);
  int status = g_test_run ();
  remove_locale_dir (directory);
  return status;
}
