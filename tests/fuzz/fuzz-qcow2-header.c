#include "format/qcow2-header.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *backing = NULL;
  g_autoptr (GError) error = NULL;
  gboolean read = bk_qcow2_read_backing (data, size, "what", &backing, &error);

  g_assert_true (read == (error == NULL));
  g_assert_true (read || backing == NULL);
  g_assert_true (backing == NULL || (*backing != '\0' && strlen (backing) < size));
  return 0;
}
