#include "base/gettext.h"

#include "base/language.h"

/**
 * bk_gettext:
 * @text: as it stands in the sources; what is no such text is given back
 *
 * Returns: (transfer none): it in the language of this thread (base/language.h).
 */
const char *
bk_gettext (const char *text)
{
  return bk_language_text (bk_language_get (), text);
}

/**
 * bk_gettext_in:
 * @context_and_text: as a catalogue names them
 *
 * Behind C_().
 *
 * Returns: (transfer none): @text as it is said in that context.
 */
const char *
bk_gettext_in (const char *context_and_text, const char *text)
{
  const char *translation = bk_language_text (bk_language_get (), context_and_text);

  return translation == context_and_text ? text : translation;
}

/**
 * bk_ngettext:
 * @one: the text for one thing
 * @many: the text for several
 * @count: how many there are
 *
 * Returns: (transfer none): the one that fits, in the language of this thread. When it is the format
 *   of bk_set_error() or of its like, that finds no translation of it and takes it as it is.
 */
const char *
bk_ngettext (const char *one, const char *many, guint64 count)
{
  return bk_language_plural (bk_language_get (), one, many, count);
}
