#include "cockpit/control.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) payload = g_bytes_new (data, size);
  g_autoptr (JsonObject) message = bk_control_parse (payload, NULL);

  if (message == NULL)
    return 0;
  g_assert_nonnull (json_object_get_string_member (message, "command"));

  g_autoptr (GError) error = NULL;
  g_autoptr (BkOpenOptions) options = bk_open_options_parse (message, &error);
  g_assert_cmpint (options == NULL, ==, error != NULL);
  return 0;
}
