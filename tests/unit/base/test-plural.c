#include "base/plural.h"

#define RUSSIAN "n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"
#define ARABIC "n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5"

static void
test_forms (void)
{
  static const struct
  {
    const char *header;
    guint64 count;
    guint form;
  } cases[] = {
    { NULL, 0, 0 },
    { NULL, 1, 0 },
    { NULL, 2, 1 },
    { "Plural-Forms: nplurals=2; plural=(n > 1);\n", 0, 0 },
    { "Plural-Forms: nplurals=2; plural=(n > 1);\n", 1, 0 },
    { "Language: pt_BR\nPlural-Forms: nplurals=2; plural=(n > 1);\n", 2, 1 },
    { "Plural-Forms: nplurals=2; plural=n != 1;\n", 0, 1 },
    { "Plural-Forms: nplurals=1; plural=0;\n", 5, 0 },
    { "Plural-Forms: nplurals=3; plural=" RUSSIAN ";\n", 1, 0 },
    { "Plural-Forms: nplurals=3; plural=" RUSSIAN ";\n", 21, 0 },
    { "Plural-Forms: nplurals=3; plural=" RUSSIAN ";\n", 11, 2 },
    { "Plural-Forms: nplurals=3; plural=" RUSSIAN ";\n", 3, 1 },
    { "Plural-Forms: nplurals=3; plural=" RUSSIAN ";\n", 12, 2 },
    { "Plural-Forms: nplurals=6; plural=" ARABIC ";\n", 0, 0 },
    { "Plural-Forms: nplurals=6; plural=" ARABIC ";\n", 2, 2 },
    { "Plural-Forms: nplurals=6; plural=" ARABIC ";\n", 105, 3 },
    { "Plural-Forms: nplurals=6; plural=" ARABIC ";\n", 100, 5 },
    { "Plural-Forms: nplurals=9; plural=n;\n", 2, 1 },       /* too many: the usual rule */
    { "Plural-Forms: nplurals=2; plural=n > ;\n", 2, 1 },    /* no expression */
    { "Plural-Forms: nplurals=2; plural=(n > 1;\n", 2, 1 },  /* open */
    { "Plural-Forms: nplurals=2; plural=n > 1 x;\n", 2, 1 }, /* something behind */
    { "Plural-Forms: nplurals=4; plural=1 - 1 * 0 + 6 / 3;\n", 9, 3 }, /* which binds closer */
    { "Plural-Forms: nplurals=2; plural=n == 2 ? 1 / (n - 2) : 1;\n", 2, 0 }, /* no division by 0 */
    { "Plural-Forms: nplurals=2; plural=n;\n", 7, 0 }, /* a form that is not there */
    { "Plural-Forms: nplurals=2; plural=!n;\n", 0, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BkPlural) plural = bk_plural_parse (cases[i].header);

      g_test_message ("%s of %" G_GUINT64_FORMAT, cases[i].header, cases[i].count);
      g_assert_cmpuint (bk_plural_form (plural, cases[i].count), ==, cases[i].form);
      g_assert_cmpuint (cases[i].form, <, bk_plural_forms_count (plural));
    }
}

static void
test_deep (void)
{
  GString *header = g_string_new ("Plural-Forms: nplurals=2; plural=");

  for (guint i = 0; i < 900; i++)
    g_string_append_c (header, '(');
  g_string_append (header, "n;");
  g_autofree char *text = g_string_free (header, FALSE);
  g_autoptr (BkPlural) plural = bk_plural_parse (text);

  g_assert_cmpuint (bk_plural_form (plural, 2), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/plural/forms", test_forms);
  g_test_add_func ("/base/plural/nested-too-deep", test_deep);
  return g_test_run ();
}
