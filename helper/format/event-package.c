#include "format/event-package.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "base/timestamp.h"
#include "format/event-segment.h"
#include "format/event-snapshot.h"
#include "format/json.h"

#include <string.h>

#define WHAT _ ("The package's manifest")

static void
file_free (gpointer data)
{
  BkEventPackageFile *file = data;

  g_free (file->path);
  g_free (file->sha256);
  g_free (file);
}

BkEventManifest *
bk_event_manifest_new (void)
{
  BkEventManifest *self = g_new0 (BkEventManifest, 1);

  self->files = g_ptr_array_new_with_free_func (file_free);
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
bk_event_manifest_free (BkEventManifest *manifest)
{
  g_free (manifest->created_at);
  g_free (manifest->source_dir);
  g_hash_table_unref (manifest->by_path);
  g_ptr_array_unref (manifest->files);
  g_free (manifest->first_event_id);
  g_free (manifest->last_event_id);
  g_free (manifest->last_current_hash);
  g_free (manifest);
}

/**
 * bk_event_manifest_add:
 * @path: not there yet
 * @sha256: in hexadecimal digits
 */
void
bk_event_manifest_add (BkEventManifest *manifest,
                       const char *path,
                       guint64 size_bytes,
                       const char *sha256)
{
  BkEventPackageFile *file = g_new0 (BkEventPackageFile, 1);

  file->path = g_strdup (path);
  file->size_bytes = size_bytes;
  file->sha256 = g_strdup (sha256);
  g_ptr_array_add (manifest->files, file);
  g_hash_table_insert (manifest->by_path, file->path, file);
}

/**
 * bk_event_manifest_find:
 *
 * Returns: (transfer none) (nullable): the file of that path.
 */
const BkEventPackageFile *
bk_event_manifest_find (const BkEventManifest *manifest, const char *path)
{
  return g_hash_table_lookup (manifest->by_path, path);
}

/**
 * bk_event_package_path_is_known:
 *
 * Returns: whether a package can hold a file of the log at @path.
 */
gboolean
bk_event_package_path_is_known (const char *path)
{
  static const char folder[] = BK_EVENT_LOG_DIRECTORY "/";
  guint64 segment;

  if (strcmp (path, BK_EVENT_SNAPSHOT_NAME) == 0 || strcmp (path, BK_EVENT_ANCHOR_NAME) == 0)
    return TRUE;
  return g_str_has_prefix (path, folder) &&
         bk_event_segment_number (path + strlen (folder), &segment);
}

static JsonObject *
summary_to_json (const BkEventManifest *manifest)
{
  JsonObject *summary = json_object_new ();

  json_object_set_int_member (summary, "total_events", (gint64) manifest->total_events);
  json_object_set_int_member (summary, "total_segments", (gint64) manifest->total_segments);
  bk_json_set_string_or_null (summary, "first_event_id", manifest->first_event_id);
  bk_json_set_string_or_null (summary, "last_event_id", manifest->last_event_id);
  bk_json_set_string_or_null (summary, "last_current_hash", manifest->last_current_hash);
  json_object_set_boolean_member (summary, "snapshot_exists", manifest->snapshot_exists);
  return summary;
}

/**
 * bk_event_manifest_to_json:
 *
 * Returns: (transfer full): the file's text.
 */
char *
bk_event_manifest_to_json (const BkEventManifest *manifest)
{
  JsonObject *object = json_object_new ();
  JsonArray *files = json_array_new ();

  for (guint i = 0; i < manifest->files->len; i++)
    {
      const BkEventPackageFile *file = g_ptr_array_index (manifest->files, i);
      JsonObject *entry = json_object_new ();

      json_object_set_string_member (entry, "path", file->path);
      json_object_set_int_member (entry, "size", (gint64) file->size_bytes);
      json_object_set_string_member (entry, "sha256", file->sha256);
      json_array_add_object_element (files, entry);
    }
  json_object_set_int_member (object, "version", 1);
  json_object_set_string_member (object, "created_at", manifest->created_at);
  json_object_set_string_member (object, "source_dir", manifest->source_dir);
  json_object_set_array_member (object, "files", files);
  json_object_set_object_member (object, "eventlog_summary", summary_to_json (manifest));
  json_object_set_boolean_member (object, "chain_valid_at_backup", manifest->chain_valid_at_backup);

  g_autoptr (JsonNode) node = bk_json_object_node (object);
  return bk_json_to_text (node, TRUE);
}

static gboolean wrong (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
wrong (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *why = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *line = bk_error_one_line (why);

  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: %s", WHAT, line);
  return FALSE;
}

static gboolean
read_files (BkEventManifest *manifest, JsonObject *object, GError **error)
{
  JsonArray *files;

  if (!bk_json_array (object, "files", WHAT, BK_EVENT_PACKAGE_FILES_MAX, &files, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      JsonNode *node = json_array_get_element (files, i);
      JsonObject *entry = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *path;
      const char *sha256;
      guint64 size_bytes;

      if (entry == NULL || !bk_json_string (entry, "path", WHAT, &path, NULL) ||
          !bk_json_count (entry, "size", WHAT, G_MAXINT64, &size_bytes, NULL) ||
          !bk_json_string (entry, "sha256", WHAT, &sha256, NULL) || !bk_sha256_is_hex (sha256))
        return wrong (error, _ ("entry %u of “files” is not a path with its size and SHA-256"),
                      i + 1);
      if (!bk_event_package_path_is_known (path))
        return wrong (error, _ ("“%s” is not a file of an event log"), path);
      if (bk_event_manifest_find (manifest, path) != NULL)
        return wrong (error, _ ("“%s” is listed twice"), path);
      bk_event_manifest_add (manifest, path, size_bytes, sha256);
    }
  return TRUE;
}

static gboolean
read_bool (JsonObject *object, const char *name, gboolean *value, GError **error)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return wrong (error, _ ("“%s” must be true or false"), name);
  *value = json_node_get_boolean (node);
  return TRUE;
}

static gboolean
read_text_or_null (JsonObject *object, const char *name, char **value, GError **error)
{
  const char *text;

  if (!bk_json_string_or_null (object, name, WHAT, &text, error))
    return FALSE;
  *value = g_strdup (text);
  return TRUE;
}

static gboolean
read_summary (BkEventManifest *manifest, JsonObject *object, GError **error)
{
  JsonObject *summary;

  return bk_json_object (object, "eventlog_summary", WHAT, &summary, error) &&
         bk_json_count (summary, "total_events", WHAT, G_MAXINT64, &manifest->total_events,
                        error) &&
         bk_json_count (summary, "total_segments", WHAT, G_MAXINT64, &manifest->total_segments,
                        error) &&
         read_text_or_null (summary, "first_event_id", &manifest->first_event_id, error) &&
         read_text_or_null (summary, "last_event_id", &manifest->last_event_id, error) &&
         read_text_or_null (summary, "last_current_hash", &manifest->last_current_hash, error) &&
         read_bool (summary, "snapshot_exists", &manifest->snapshot_exists, error);
}

/**
 * bk_event_manifest_from_json:
 * @text: hostile until checked here
 *
 * Errors: %BK_ERROR_INTEGRITY, or %BK_ERROR_UNSUPPORTED for another version.
 *
 * Returns: (transfer full) (nullable)
 */
BkEventManifest *
bk_event_manifest_from_json (const char *text, gsize length_bytes, GError **error)
{
  g_autoptr (JsonObject) object = bk_json_parse_object (text, (gssize) length_bytes, WHAT, error);
  g_autoptr (BkEventManifest) manifest = bk_event_manifest_new ();
  const char *created_at;
  const char *source_dir;
  guint64 version;

  if (object == NULL || !bk_json_count (object, "version", WHAT, G_MAXINT64, &version, error))
    return NULL;
  if (version != 1)
    {
      bk_set_error (error, BK_ERROR_UNSUPPORTED,
                    "%s is of version %s, which this program does not know", WHAT,
                    BK_DIGITS (version));
      return NULL;
    }
  if (!bk_json_string (object, "created_at", WHAT, &created_at, error) ||
      !bk_json_string (object, "source_dir", WHAT, &source_dir, error))
    return NULL;
  if (bk_time_from_iso (created_at) == BK_TIME_INVALID)
    {
      wrong (error, _ ("“created_at” is not a time such as 2026-11-20T02:00:00.000Z"));
      return NULL;
    }
  manifest->created_at = g_strdup (created_at);
  manifest->source_dir = g_strdup (source_dir);
  if (!read_files (manifest, object, error) || !read_summary (manifest, object, error) ||
      !read_bool (object, "chain_valid_at_backup", &manifest->chain_valid_at_backup, error))
    return NULL;
  return g_steal_pointer (&manifest);
}
