#include "base/translations.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (BkTranslations) translations = bk_translations_parse (bytes);

  if (translations != NULL)
    {
      bk_translations_get (translations, "Hello");
      bk_translations_get_plural (translations, "%u byte", 21);
    }
  return 0;
}
