#include "base/path.h"
#include "format/restore-journal-json.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (BkRestoreJournal) journal = bk_restore_journal_from_bytes (bytes, "the input", NULL);

  if (journal == NULL)
    return 0;
  g_assert_true (bk_name_is_safe (journal->backup_id));
  g_assert_true (bk_restore_tag_is_valid (journal->tag));
  for (guint i = 0; i < journal->paths->len; i++)
    {
      const char *path = g_ptr_array_index (journal->paths, i);

      g_assert_true (g_path_is_absolute (path));
      g_assert_null (strstr (path, "/../"));
    }
  return 0;
}
