#include "base/path.h"
#include "format/metadata.h"
#include "format/vm-point-json.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (BkBackup) backup = bk_metadata_from_bytes (bytes, "the input", NULL);

  if (backup == NULL)
    return 0;
  g_autoptr (BkVmPoint) point = bk_vm_point_from_json (backup->extra, "the input", NULL);
  for (guint i = 0; point != NULL && i < point->disks->len; i++)
    g_assert_true (
        bk_path_is_safe_relative (((BkPointDisk *) g_ptr_array_index (point->disks, i))->file));
  g_autoptr (JsonNode) again = bk_metadata_to_json (backup, TRUE);
  return 0;
}
