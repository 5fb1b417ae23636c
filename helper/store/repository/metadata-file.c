#include "store/repository/metadata-file.h"

#include "base/atomic-file.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/json.h"
#include "format/metadata.h"

#include <string.h>

/**
 * bk_metadata_file_rewrite:
 * @backup: one that the catalogue gave, with other values
 *
 * Writes the record of a backup anew, in its place, atomically.
 */
gboolean
bk_metadata_file_rewrite (BkRepository *repository, const BkBackup *backup, GError **error)
{
  g_autofree char *own = g_path_get_basename (backup->directory);
  g_autofree char *name = strcmp (own, backup->id) == 0
                              ? g_strdup (BK_METADATA_NAME)
                              : g_strconcat (backup->id, "." BK_METADATA_NAME, NULL);
  autofd int dirfd = bk_repository_open_directory (repository, backup->directory, error);
  g_autoptr (JsonNode) node = bk_metadata_to_json (backup, TRUE);
  g_autofree char *text = bk_json_to_text (node, TRUE);

  return dirfd >= 0 && bk_atomic_write (dirfd, name, text, strlen (text), 0600, error);
}
