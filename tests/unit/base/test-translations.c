#include "base/translations.h"

#include "mo-file.h"

static const MoEntry entries[] = {
  { "", 0, "Plural-Forms: nplurals=2; plural=(n > 1);\n", 0 },
  { "%u byte\0%u bytes", 16, "%u octeto\0%u octetos", 20 },
  { "Broken", 0, "\xff", 0 },
  { "Hello", 0, "Olá", 0 },
  { "Untranslated", 0, "", 0 },
};

static void
test_lookup (gconstpointer big_endian)
{
  g_autoptr (GBytes) bytes =
      mo_file (entries, G_N_ELEMENTS (entries), GPOINTER_TO_INT (big_endian));
  g_autoptr (BkTranslations) translations = bk_translations_parse (bytes);

  g_assert_nonnull (translations);
  g_assert_cmpstr (bk_translations_get (translations, "Hello"), ==, "Olá");
  g_assert_null (bk_translations_get (translations, "hello"));
  g_assert_null (bk_translations_get (translations, ""));
  g_assert_null (bk_translations_get (translations, "Untranslated"));
  g_assert_null (bk_translations_get (translations, "Broken"));
  g_assert_cmpstr (bk_translations_get_plural (translations, "%u byte", 1), ==, "%u octeto");
  g_assert_cmpstr (bk_translations_get_plural (translations, "%u byte", 2), ==, "%u octetos");
  g_assert_null (bk_translations_get_plural (translations, "Hello", 2));
}

/* Every cut, and every byte set to something else: nothing is read beyond the end. */
static void
test_damaged (void)
{
  g_autoptr (GBytes) bytes = mo_file (entries, G_N_ELEMENTS (entries), FALSE);
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  for (gsize i = 0; i <= length; i++)
    {
      for (guint damage = 0; damage < 3; damage++)
        {
          g_autofree guint8 *copy = g_memdup2 (data, length);
          gsize kept = damage == 0 ? i : length;

          if (damage > 0 && i < length)
            copy[i] = damage == 1 ? 0xff : 0x7f;
          g_autofree guint8 *exact = g_memdup2 (copy, kept);
          g_autoptr (GBytes) damaged = g_bytes_new_static (exact, kept);
          g_autoptr (BkTranslations) translations = bk_translations_parse (damaged);

          if (kept < 28)
            g_assert_null (translations);
          if (translations != NULL)
            bk_translations_get_plural (translations, "%u byte", 2);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/base/translations/little-endian", GINT_TO_POINTER (FALSE), test_lookup);
  g_test_add_data_func ("/base/translations/big-endian", GINT_TO_POINTER (TRUE), test_lookup);
  g_test_add_func ("/base/translations/damaged", test_damaged);
  return g_test_run ();
}
