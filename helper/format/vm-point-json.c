#include "format/vm-point-json.h"

#include "base/error.h"
#include "base/path.h"
#include "format/json.h"

#define DISKS_MAX_COUNT 1024
#define WARNINGS_MAX_COUNT 1024

/**
 * bk_vm_point_to_json:
 *
 * Returns: (transfer full): the object.
 */
JsonObject *
bk_vm_point_to_json (const BkVmPoint *point)
{
  JsonObject *extra = json_object_new ();
  JsonArray *disks = json_array_new ();
  JsonArray *warnings = json_array_new ();

  for (guint i = 0; i < point->disks->len; i++)
    {
      const BkPointDisk *disk = g_ptr_array_index (point->disks, i);
      JsonObject *entry = json_object_new ();

      json_object_set_string_member (entry, "target", disk->target);
      json_object_set_string_member (entry, "file", disk->file);
      bk_json_set_string_or_null (entry, "parent", disk->parent);
      if (disk->image != NULL)
        json_object_set_string_member (entry, "image", disk->image);
      json_object_set_int_member (entry, "capacity_bytes", (gint64) disk->capacity_bytes);
      json_array_add_object_element (disks, entry);
    }
  for (guint i = 0; i < point->warnings->len; i++)
    json_array_add_string_element (warnings, g_ptr_array_index (point->warnings, i));

  json_object_set_string_member (extra, "step", bk_point_kind_to_string (point->kind));
  json_object_set_string_member (extra, "vm", point->vm);
  json_object_set_string_member (extra, "uuid", point->uuid);
  json_object_set_boolean_member (extra, "protected", point->kind == BK_POINT_MERGED);
  bk_json_set_string_or_null (extra, "checkpoint", point->checkpoint);
  json_object_set_boolean_member (extra, "started_paused", point->started_paused);
  json_object_set_array_member (extra, "disks", disks);
  json_object_set_array_member (extra, "warnings", warnings);
  return extra;
}

static gboolean
read_disk (BkVmPoint *point, JsonNode *node, const char *what, GError **error)
{
  JsonObject *entry = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *target;
  const char *file;
  const char *parent;
  const char *image;
  guint64 capacity_bytes;

  if (entry == NULL || !bk_json_string (entry, "target", what, &target, NULL) ||
      !bk_json_string (entry, "file", what, &file, NULL) ||
      !bk_json_string_or_null (entry, "parent", what, &parent, NULL) ||
      !bk_json_string_or_null (entry, "image", what, &image, NULL) ||
      !bk_json_count (entry, "capacity_bytes", what, G_MAXINT64, &capacity_bytes, NULL) ||
      !bk_name_is_safe (target) || !bk_path_is_safe_relative (file) ||
      (parent != NULL && !bk_path_is_safe_relative (parent)))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s: one of its disks is not described", what);
      return FALSE;
    }
  bk_vm_point_add_disk (point, target, file, parent, capacity_bytes)->image = g_strdup (image);
  return TRUE;
}

/**
 * bk_vm_point_from_json:
 * @extra: (nullable): hostile until checked
 *
 * Returns: (transfer full) (nullable): the value, or %NULL with %BK_ERROR_INTEGRITY.
 */
BkVmPoint *
bk_vm_point_from_json (JsonObject *extra, const char *what, GError **error)
{
  const char *kind_text;
  const char *vm;
  const char *uuid;
  const char *checkpoint;
  JsonArray *disks;
  JsonArray *warnings;
  BkPointKind kind;

  if (extra == NULL)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s: “extra” is missing", what);
      return NULL;
    }
  if (!bk_json_string (extra, "step", what, &kind_text, error) ||
      !bk_json_string (extra, "vm", what, &vm, error) ||
      !bk_json_string (extra, "uuid", what, &uuid, error) ||
      !bk_json_string_or_null (extra, "checkpoint", what, &checkpoint, error) ||
      !bk_json_array (extra, "disks", what, DISKS_MAX_COUNT, &disks, error) ||
      !bk_json_array (extra, "warnings", what, WARNINGS_MAX_COUNT, &warnings, error))
    return NULL;
  if (!bk_point_kind_from_string (kind_text, &kind))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s: “step” is none that can be", what);
      return NULL;
    }

  g_autoptr (BkVmPoint) point = bk_vm_point_new (kind, vm, uuid);
  point->checkpoint = g_strdup (checkpoint);
  JsonNode *started = json_object_get_member (extra, "started_paused");
  point->started_paused =
      started != NULL && JSON_NODE_HOLDS_VALUE (started) && json_node_get_boolean (started);
  for (guint i = 0; i < json_array_get_length (disks); i++)
    {
      if (!read_disk (point, json_array_get_element (disks, i), what, error))
        return NULL;
    }
  for (guint i = 0; i < json_array_get_length (warnings); i++)
    {
      JsonNode *node = json_array_get_element (warnings, i);
      const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (text != NULL)
        g_ptr_array_add (point->warnings, g_strdup (text));
    }
  return g_steal_pointer (&point);
}
