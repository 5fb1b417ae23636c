#include "format/restore-journal-json.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/json.h"

#include <limits.h>
#include <string.h>

#define VERSION 1
#define PATHS_MAX_COUNT 1100 /* a VM's disks, its definition and its UEFI variables */

/**
 * bk_restore_journal_to_text:
 *
 * Returns: (transfer full): the whole file.
 */
char *
bk_restore_journal_to_text (const BkRestoreJournal *journal)
{
  JsonObject *object = json_object_new ();
  JsonArray *paths = json_array_new ();

  for (guint i = 0; i < journal->paths->len; i++)
    json_array_add_string_element (paths, g_ptr_array_index (journal->paths, i));
  json_object_set_int_member (object, "version", VERSION);
  json_object_set_string_member (object, "mode", bk_restore_mode_to_string (journal->mode));
  json_object_set_string_member (object, "state", bk_restore_state_to_string (journal->state));
  json_object_set_string_member (object, "backup_id", journal->backup_id);
  json_object_set_string_member (object, "vm", journal->vm);
  bk_json_set_string_or_null (object, "uuid", journal->uuid);
  json_object_set_string_member (object, "tag", journal->tag);
  json_object_set_int_member (object, "overwrite", journal->overwrite ? 1 : 0);
  json_object_set_array_member (object, "paths", paths);

  g_autoptr (JsonNode) node = bk_json_object_node (object);
  return bk_json_to_text (node, TRUE);
}

static gboolean
broken (GError **error, const char *what, const char *why)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: %s", what, why);
  return FALSE;
}

/* Absolute, without "." and "..": a person's directories can have any other name. */
static gboolean
is_plain_path (const char *path)
{
  if (path == NULL || path[0] != '/' || path[1] == '\0' || strlen (path) >= PATH_MAX)
    return FALSE;

  g_auto (GStrv) names = g_strsplit (path + 1, "/", -1);
  for (char **name = names; *name != NULL; name++)
    {
      if (**name == '\0' || strcmp (*name, ".") == 0 || strcmp (*name, "..") == 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_paths (BkRestoreJournal *journal, JsonArray *array, const char *what, GError **error)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      const char *path = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (!is_plain_path (path))
        return broken (error, what, _ ("one of its paths is not a plain absolute one"));
      g_ptr_array_add (journal->paths, g_strdup (path));
    }
  return TRUE;
}

/**
 * bk_restore_journal_from_bytes:
 * @bytes: hostile until checked
 * @what: what to call it in an error
 *
 * Returns: (transfer full) (nullable): the journal, or %NULL with %BK_ERROR_INTEGRITY.
 */
BkRestoreJournal *
bk_restore_journal_from_bytes (GBytes *bytes, const char *what, GError **error)
{
  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autoptr (JsonObject) object =
      bk_json_parse_object (text == NULL ? "" : text, (gssize) length_bytes, what, error);
  const char *mode_text;
  const char *state_text;
  const char *backup_id;
  const char *vm;
  const char *uuid;
  const char *tag;
  JsonArray *paths;
  guint64 version;
  guint64 overwrite;
  BkRestoreMode mode;
  BkRestoreState state;

  if (object == NULL || !bk_json_count (object, "version", what, G_MAXINT32, &version, error) ||
      !bk_json_string (object, "mode", what, &mode_text, error) ||
      !bk_json_string (object, "state", what, &state_text, error) ||
      !bk_json_string (object, "backup_id", what, &backup_id, error) ||
      !bk_json_string (object, "vm", what, &vm, error) ||
      !bk_json_string_or_null (object, "uuid", what, &uuid, error) ||
      !bk_json_string (object, "tag", what, &tag, error) ||
      !bk_json_count (object, "overwrite", what, 1, &overwrite, error) ||
      !bk_json_array (object, "paths", what, PATHS_MAX_COUNT, &paths, error))
    return NULL;
  if (version != VERSION || !bk_restore_mode_from_string (mode_text, &mode) ||
      !bk_restore_state_from_string (state_text, &state))
    {
      broken (error, what, _ ("a newer version of this program wrote it; use that one"));
      return NULL;
    }
  if (!bk_name_is_safe (backup_id) || !bk_name_is_safe (vm) || !bk_restore_tag_is_valid (tag) ||
      (mode != BK_RESTORE_TO_DIRECTORY && uuid == NULL) ||
      (uuid != NULL && !g_uuid_string_is_valid (uuid)) || json_array_get_length (paths) == 0)
    {
      broken (error, what, _ ("it names what cannot be one of ours"));
      return NULL;
    }

  g_autoptr (BkRestoreJournal) journal = bk_restore_journal_new (mode, backup_id, vm, tag);
  journal->state = state;
  journal->uuid = g_strdup (uuid);
  journal->overwrite = overwrite == 1;
  return read_paths (journal, paths, what, error) ? g_steal_pointer (&journal) : NULL;
}
