/* The words of an enum, from text. */
#include "base/words.h"

#include <string.h>

/**
 * bk_word_index:
 * @words: one for each value of the enum
 * @text: (nullable): hostile until checked
 * @index: (out): set on success only
 *
 * Returns: whether @text is one of @words.
 */
gboolean
bk_word_index (const char *const *words, guint words_count, const char *text, guint *index)
{
  for (guint i = 0; text != NULL && i < words_count; i++)
    {
      if (strcmp (words[i], text) == 0)
        {
          *index = i;
          return TRUE;
        }
    }
  return FALSE;
}
