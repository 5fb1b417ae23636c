#include "ops/tree/download.h"

#include "base/error.h"
#include "model/tree-entry.h"
#include "store/tree/file.h"

#include <string.h>

static gboolean
find_entry (BkTreePoint *point,
            const char *path,
            guint32 *mode,
            guint8 *origin,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (BkNbkmReader) manifest = bk_tree_point_read_manifest (point, error);
  const BkTreeEntry *entry;
  int order;

  if (manifest == NULL)
    return FALSE;
  do
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          !bk_nbkm_reader_next (manifest, &entry, error))
        return FALSE;
      order = entry == NULL ? 1 : bk_tree_path_compare (entry->path, path);
    }
  while (order < 0);
  if (order == 0)
    {
      *mode = entry->mode;
      *origin = entry->origin;
      return TRUE;
    }
  g_autofree char *line = bk_error_one_line (path);
  bk_set_error (error, BK_ERROR_NOT_FOUND, "“/%s” is not in the backup “%s”", line,
                bk_tree_point_get_backup (point)->id);
  return FALSE;
}

/**
 * bk_tree_download_open:
 * @path: of a file at the source
 * @file_name: (out): the last part of @path
 * @size_bytes: (out): how many bytes there are to read
 *
 * Errors: %BK_ERROR_NOT_FOUND without such a point or file; %BK_ERROR_USAGE for what is no regular
 *   file; %BK_ERROR_INTEGRITY, also later from the stream, when the archive is damaged.
 *
 * Returns: (transfer full) (nullable): the file's content.
 */
GInputStream *
bk_tree_download_open (BkRepository *repository,
                       const BkTreeWhich *which,
                       const char *path,
                       char **file_name,
                       guint64 *size_bytes,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autofree char *parsed = NULL;
  guint32 mode;
  guint8 origin;

  *file_name = NULL;
  if (!bk_tree_parse_path (path, &parsed, error))
    return NULL;
  g_autoptr (BkTreePoint) point = bk_tree_open_point (repository, which, cancellable, error);
  if (point == NULL ||
      !find_entry (point, parsed == NULL ? "" : parsed, &mode, &origin, cancellable, error))
    return NULL;
  if ((mode & BK_TREE_MODE_TYPE) != 0)
    {
      g_autofree char *line = bk_error_one_line (parsed);

      bk_set_error (error, BK_ERROR_USAGE,
                    "“/%s” is no regular file; restore it to a directory instead", line);
      return NULL;
    }

  GInputStream *bytes = bk_tree_file_open (point, parsed, origin, size_bytes, cancellable, error);
  if (bytes != NULL)
    *file_name = g_path_get_basename (parsed);
  return bytes;
}
