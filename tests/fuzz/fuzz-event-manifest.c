#include "format/event-package.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What is accepted reads the same after it was written. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (BkEventManifest) manifest =
      bk_event_manifest_from_json ((const char *) data, size, NULL);

  if (manifest == NULL)
    return 0;

  g_autofree char *text = bk_event_manifest_to_json (manifest);
  g_autoptr (BkEventManifest) again = bk_event_manifest_from_json (text, strlen (text), NULL);
  g_assert (again != NULL && again->files->len == manifest->files->len);
  g_autofree char *second = bk_event_manifest_to_json (again);
  g_assert (strcmp (text, second) == 0);
  return 0;
}
