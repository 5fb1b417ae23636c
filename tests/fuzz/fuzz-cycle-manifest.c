#include "base/path.h"
#include "format/cycle-manifest.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (BkCycle) cycle = bk_cycle_manifest_from_bytes (bytes, "the input", NULL);

  if (cycle == NULL)
    return 0;
  for (guint i = 0; i < cycle->backup_ids->len; i++)
    g_assert_true (bk_name_is_safe (g_ptr_array_index (cycle->backup_ids, i)));
  for (guint i = 0; i < cycle->disks->len; i++)
    g_assert_true (
        bk_path_is_safe_relative (bk_cycle_disk_top (g_ptr_array_index (cycle->disks, i))));
  return 0;
}
