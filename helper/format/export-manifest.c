#include "format/export-manifest.h"

#include "format/json.h"

#include <string.h>

struct _BkExportManifest
{
  gint64 now_usecs;
  JsonArray *backups;
  guint64 files_count;
  guint64 size_bytes;
};

/**
 * bk_export_file_new:
 * @directory: in the repository
 * @path: relative to @directory
 *
 * Returns: (transfer full): the file.
 */
BkExportFile *
bk_export_file_new (const char *directory,
                    const char *path,
                    guint64 size_bytes,
                    const char *sha256,
                    gint64 modified_usecs)
{
  BkExportFile *self = g_new0 (BkExportFile, 1);

  self->member = g_strconcat (directory, "/", path, NULL);
  self->directory = g_strdup (directory);
  self->path = g_strdup (path);
  self->size_bytes = size_bytes;
  self->sha256 = g_strdup (sha256);
  self->modified_usecs = modified_usecs;
  return self;
}

void
bk_export_file_free (BkExportFile *file)
{
  g_free (file->member);
  g_free (file->directory);
  g_free (file->path);
  g_free (file->sha256);
  g_free (file);
}

BkExportManifest *
bk_export_manifest_new (gint64 now_usecs)
{
  BkExportManifest *self = g_new0 (BkExportManifest, 1);

  self->now_usecs = now_usecs;
  self->backups = json_array_new ();
  return self;
}

void
bk_export_manifest_free (BkExportManifest *manifest)
{
  json_array_unref (manifest->backups);
  g_free (manifest);
}

static JsonObject *
file_to_json (const BkExportFile *file)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "path", file->member);
  json_object_set_int_member (object, "size", (gint64) file->size_bytes);
  json_object_set_string_member (object, "sha256", file->sha256);
  return object;
}

/**
 * bk_export_manifest_add:
 * @files: (element-type BkExportFile): those of @backup stand in it from @first_file on
 */
void
bk_export_manifest_add (BkExportManifest *manifest,
                        const BkBackup *backup,
                        GPtrArray *files,
                        guint first_file)
{
  JsonObject *object = json_object_new ();
  JsonArray *list = json_array_new ();
  g_autofree char *id = bk_backup_full_id (backup);

  for (guint i = first_file; i < files->len; i++)
    {
      const BkExportFile *file = g_ptr_array_index (files, i);

      json_array_add_object_element (list, file_to_json (file));
      manifest->files_count++;
      manifest->size_bytes += file->size_bytes;
    }
  json_object_set_string_member (object, "id", id);
  json_object_set_string_member (object, "type", bk_backup_type_to_string (backup->type));
  bk_json_set_time_or_null (object, "created_at", backup->created_usecs);
  bk_json_set_string_or_null (object, "parent_backup_id", backup->parent_backup_id);
  json_object_set_array_member (object, "files", list);
  json_array_add_object_element (manifest->backups, object);
}

/**
 * bk_export_manifest_to_bytes:
 *
 * Returns: (transfer full): manifest.json.
 */
GBytes *
bk_export_manifest_to_bytes (BkExportManifest *manifest)
{
  JsonObject *object = json_object_new ();
  g_autoptr (JsonNode) node = NULL;

  json_object_set_int_member (object, "version", BK_EXPORT_MANIFEST_VERSION);
  bk_json_set_time_or_null (object, "created_at", manifest->now_usecs);
  json_object_set_array_member (object, "backups", json_array_ref (manifest->backups));
  json_object_set_int_member (object, "files_count", (gint64) manifest->files_count);
  json_object_set_int_member (object, "size_bytes", (gint64) manifest->size_bytes);
  node = bk_json_object_node (object);
  char *text = bk_json_to_text (node, TRUE);
  return g_bytes_new_take (text, strlen (text));
}
