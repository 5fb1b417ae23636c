#include "vm/backup-xml.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *xml = g_strndup ((const char *) data, size);
  g_autofree char *file = bk_backup_xml_target_file (xml);

  for (gboolean is_sized = FALSE; is_sized <= TRUE; is_sized++)
    {
      g_autoptr (GPtrArray) recorded = bk_checkpoint_xml_read (xml, is_sized, NULL);

      for (guint i = 0; recorded != NULL && i < recorded->len; i++)
        g_assert_nonnull (((const BkRecordedDisk *) g_ptr_array_index (recorded, i))->target);
    }
  g_assert_nonnull (file);
  return 0;
}
