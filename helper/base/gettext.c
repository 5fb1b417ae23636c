#include "base/gettext.h"

/**
 * bk_gettext:
 * @text: as it stands in the sources; what is no such text is given back
 *
 * Returns: (transfer none): it in the language of who reads it.
 */
const char *
bk_gettext (const char *text)
{
  return *text == '\0' ? text : g_dgettext (GETTEXT_PACKAGE, text);
}

/**
 * bk_ngettext:
 * @one: the text for one thing
 * @many: the text for several
 * @count: how many there are
 *
 * Returns: (transfer none): the one that fits, in the language of who reads it. When it is the
 *   format of bk_set_error() or of its like, that finds no translation of it and takes it as it is.
 */
const char *
bk_ngettext (const char *one, const char *many, guint64 count)
{
  /* Every known plural rule looks at the last digits only. */
  gulong as_long = count > G_MAXUINT ? 1000000 + (gulong) (count % 1000000) : (gulong) count;

  return g_dngettext (GETTEXT_PACKAGE, one, many, as_long);
}
