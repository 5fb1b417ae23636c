#include "format/metadata.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"
#include "format/json.h"

#include <string.h>

#define FILES_MAX_COUNT 100000
#define TAGS_MAX_COUNT 100

static JsonArray *
files_to_json (const GPtrArray *files)
{
  JsonArray *array = json_array_sized_new (files->len);

  for (guint i = 0; i < files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (files, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "path", file->path);
      json_object_set_int_member (object, "size", (gint64) file->size_bytes);
      json_object_set_string_member (object, "sha256", file->sha256);
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonObject *
extra_to_json (const BkBackup *backup, gboolean with_files)
{
  JsonObject *extra = json_object_new ();
  g_autoptr (GList) names = backup->extra == NULL ? NULL : json_object_get_members (backup->extra);

  for (GList *l = names; l != NULL; l = l->next)
    json_object_set_member (extra, l->data, json_object_dup_member (backup->extra, l->data));
  if (with_files)
    json_object_set_array_member (extra, "files", files_to_json (backup->files));
  return extra;
}

/**
 * bk_metadata_to_json:
 * @with_files: whether extra.files is in it: always on disk, not in lists
 *
 * Returns: (transfer full): the object's node.
 */
JsonNode *
bk_metadata_to_json (const BkBackup *backup, gboolean with_files)
{
  JsonObject *object = json_object_new ();
  JsonArray *tags = json_array_new ();

  for (char **tag = backup->tags; tag != NULL && *tag != NULL; tag++)
    json_array_add_string_element (tags, *tag);

  json_object_set_string_member (object, "id", backup->id);
  json_object_set_string_member (object, "project_id", backup->project_id);
  json_object_set_string_member (object, "type", bk_backup_type_to_string (backup->type));
  json_object_set_string_member (object, "status", bk_backup_status_to_string (backup->status));
  bk_json_set_time_or_null (object, "created_at", backup->created_usecs);
  bk_json_set_time_or_null (object, "completed_at", backup->completed_usecs);
  json_object_set_int_member (object, "size_bytes", (gint64) backup->size_bytes);
  bk_json_set_string_or_null (object, "checksum", backup->checksum);
  bk_json_set_string_or_null (object, "parent_backup_id", backup->parent_backup_id);
  json_object_set_int_member (object, "files_count", (gint64) backup->files_count);
  bk_json_set_string_or_null (object, "error_message", backup->error_message);
  json_object_set_array_member (object, "tags", tags);
  json_object_set_object_member (object, "extra", extra_to_json (backup, with_files));
  return bk_json_object_node (object);
}

static gboolean
read_files (BkBackup *backup, JsonArray *array, const char *what, GError **error)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      JsonObject *file = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *path;
      const char *sha256;
      guint64 size_bytes;

      if (file == NULL || !bk_json_string (file, "path", what, &path, NULL) ||
          !bk_json_count (file, "size", what, G_MAXINT64, &size_bytes, NULL) ||
          !bk_json_string (file, "sha256", what, &sha256, NULL) ||
          !bk_path_is_safe_relative (path) || !bk_sha256_is_hex (sha256))
        {
          bk_set_error (error, BK_ERROR_INTEGRITY,
                        "%s: entry %u of “files” is not a relative path with its size and SHA-256",
                        what, i + 1);
          return FALSE;
        }

      BkBackupFile *own = g_new0 (BkBackupFile, 1);
      own->path = g_strdup (path);
      own->size_bytes = size_bytes;
      own->sha256 = g_strdup (sha256);
      g_ptr_array_add (backup->files, own);
    }
  return TRUE;
}

static gboolean
read_tags (BkBackup *backup, JsonObject *object, const char *what, GError **error)
{
  g_autoptr (GStrvBuilder) tags = g_strv_builder_new ();
  JsonArray *array;

  if (!bk_json_array (object, "tags", what, TAGS_MAX_COUNT, &array, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      const char *tag = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (tag != NULL)
        g_strv_builder_add (tags, tag);
    }
  backup->tags = g_strv_builder_end (tags);
  return TRUE;
}

static gboolean
read_extra (BkBackup *backup, JsonObject *object, const char *what, GError **error)
{
  JsonObject *extra;
  JsonArray *files;

  if (!bk_json_object (object, "extra", what, &extra, error))
    return FALSE;
  if (json_object_has_member (extra, "files") &&
      (!bk_json_array (extra, "files", what, FILES_MAX_COUNT, &files, error) ||
       !read_files (backup, files, what, error)))
    return FALSE;

  g_autoptr (GList) names = json_object_get_members (extra);
  backup->extra = json_object_new ();
  for (GList *l = names; l != NULL; l = l->next)
    {
      if (strcmp (l->data, "files") != 0)
        json_object_set_member (backup->extra, l->data, json_object_dup_member (extra, l->data));
    }
  return TRUE;
}

static gboolean
read_enums (JsonObject *object,
            const char *what,
            BkBackupType *type,
            BkBackupStatus *status,
            GError **error)
{
  const char *type_text;
  const char *status_text;

  if (!bk_json_string (object, "type", what, &type_text, error) ||
      !bk_json_string (object, "status", what, &status_text, error))
    return FALSE;
  if (bk_backup_type_from_string (type_text, type) &&
      bk_backup_status_from_string (status_text, status))
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY,
                "%s: its type or its status is none that this program knows", what);
  return FALSE;
}

/**
 * bk_metadata_from_json:
 * @object: hostile until checked
 * @what: what to call it in an error
 *
 * The caller checks that id and project_id are those of the place it was found at.
 *
 * Returns: (transfer full) (nullable): the value, or %NULL with %BK_ERROR_INTEGRITY.
 */
BkBackup *
bk_metadata_from_json (JsonObject *object, const char *what, GError **error)
{
  const char *id;
  const char *project_id;
  const char *checksum;
  const char *parent;
  const char *error_message;
  BkBackupType type;
  BkBackupStatus status;

  if (!bk_json_string (object, "id", what, &id, error) ||
      !bk_json_string (object, "project_id", what, &project_id, error) ||
      !read_enums (object, what, &type, &status, error) ||
      !bk_json_string_or_null (object, "checksum", what, &checksum, error) ||
      !bk_json_string_or_null (object, "parent_backup_id", what, &parent, error) ||
      !bk_json_string_or_null (object, "error_message", what, &error_message, error))
    return NULL;

  g_autoptr (BkBackup) backup = bk_backup_new (id, project_id, type);
  backup->status = status;
  backup->checksum = g_strdup (checksum);
  backup->parent_backup_id = g_strdup (parent);
  backup->error_message = g_strdup (error_message);
  if (!bk_json_time_or_zero (object, "created_at", what, &backup->created_usecs, error) ||
      !bk_json_time_or_zero (object, "completed_at", what, &backup->completed_usecs, error) ||
      !bk_json_count (object, "size_bytes", what, G_MAXINT64, &backup->size_bytes, error) ||
      !bk_json_count (object, "files_count", what, G_MAXINT64, &backup->files_count, error) ||
      !read_tags (backup, object, what, error) || !read_extra (backup, object, what, error))
    return NULL;
  return g_steal_pointer (&backup);
}

/**
 * bk_metadata_from_bytes:
 * @bytes: metadata.json, hostile
 * @what: what to call it in an error
 *
 * Errors: %BK_ERROR_INTEGRITY.
 *
 * Returns: (transfer full) (nullable): the backup.
 */
BkBackup *
bk_metadata_from_bytes (GBytes *bytes, const char *what, GError **error)
{
  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autoptr (JsonObject) object =
      bk_json_parse_object (text == NULL ? "" : text, (gssize) length_bytes, what, error);

  return object == NULL ? NULL : bk_metadata_from_json (object, what, error);
}
