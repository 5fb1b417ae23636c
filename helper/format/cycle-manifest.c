#include "format/cycle-manifest.h"

#include "base/digest.h"
#include "base/error.h"
#include "base/gettext.h"
#include "base/path.h"
#include "format/json.h"
#include "model/settings.h"

#include <string.h>

#define VERSION 1
#define DISKS_MAX_COUNT 1024

static JsonArray *
strings_to_json (const GPtrArray *strings)
{
  JsonArray *array = json_array_sized_new (strings->len);

  for (guint i = 0; i < strings->len; i++)
    json_array_add_string_element (array, g_ptr_array_index (strings, i));
  return array;
}

/**
 * bk_cycle_manifest_to_text:
 *
 * Returns: (transfer full): the whole file.
 */
char *
bk_cycle_manifest_to_text (const BkCycle *cycle)
{
  JsonObject *object = json_object_new ();
  JsonObject *disks = json_object_new ();

  for (guint i = 0; i < cycle->disks->len; i++)
    {
      const BkCycleDisk *disk = g_ptr_array_index (cycle->disks, i);
      JsonObject *entry = json_object_new ();

      json_object_set_string_member (entry, "base_full_file", disk->base_full_file);
      json_object_set_string_member (entry, "base_full_hash_sha256", disk->base_full_hash_sha256);
      json_object_set_array_member (entry, "incremental_files",
                                    strings_to_json (disk->incremental_files));
      if (disk->image != NULL)
        json_object_set_string_member (entry, "image", disk->image);
      json_object_set_object_member (disks, disk->target, entry);
    }
  json_object_set_int_member (object, "version", VERSION);
  json_object_set_string_member (object, "status",
                                 cycle->status == BK_CYCLE_ACTIVE ? "active" : "consolidating");
  json_object_set_string_member (object, "vm", cycle->vm);
  json_object_set_string_member (object, "uuid", cycle->uuid);
  bk_json_set_string_or_null (object, "last_checkpoint_name", cycle->last_checkpoint_name);
  json_object_set_int_member (object, "max_incrementals", cycle->max_incrementals);
  json_object_set_array_member (object, "backup_ids", strings_to_json (cycle->backup_ids));
  bk_json_set_string_or_null (object, "merged_id", cycle->merged_id);
  /* In place is what a manifest without the member means. */
  if (cycle->status == BK_CYCLE_CONSOLIDATING && cycle->merge != BK_MERGE_IN_PLACE)
    json_object_set_string_member (object, "merge", bk_merge_mode_to_string (cycle->merge));
  json_object_set_object_member (object, "disks", disks);

  g_autoptr (JsonNode) node = bk_json_object_node (object);
  return bk_json_to_text (node, TRUE);
}

static gboolean
broken (GError **error, const char *what, const char *why)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: %s", what, why);
  return FALSE;
}

static gboolean
read_strings (JsonArray *array,
              gboolean (*is_valid) (const char *text),
              GPtrArray *strings,
              const char *what,
              GError **error)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;

      if (!is_valid (text))
        return broken (error, what, _ ("one of its names would lead out of the project"));
      g_ptr_array_add (strings, g_strdup (text));
    }
  return TRUE;
}

static gboolean
read_disk (BkCycle *cycle, const char *target, JsonNode *node, const char *what, GError **error)
{
  JsonObject *entry = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *file;
  const char *sha256;
  const char *image;
  JsonArray *incrementals;

  if (entry == NULL || !bk_name_is_safe (target))
    return broken (error, what, _ ("one of its disks is not described"));
  if (!bk_json_string (entry, "base_full_file", what, &file, error) ||
      !bk_json_string (entry, "base_full_hash_sha256", what, &sha256, error) ||
      !bk_json_string_or_null (entry, "image", what, &image, error) ||
      !bk_json_array (entry, "incremental_files", what, BK_MAX_INCREMENTALS_MAX, &incrementals,
                      error))
    return FALSE;
  if (!bk_path_is_safe_relative (file) || !bk_sha256_is_hex (sha256))
    return broken (error, what, _ ("a base file or its SHA-256 cannot be one of ours"));

  BkCycleDisk *disk = bk_cycle_set_disk_base (cycle, target, file, sha256);
  g_free (disk->image);
  disk->image = g_strdup (image);
  return read_strings (incrementals, bk_path_is_safe_relative, disk->incremental_files, what,
                       error);
}

static gboolean
read_status (BkCycle *cycle, JsonObject *object, const char *what, GError **error)
{
  const char *status;
  const char *merged_id;
  const char *merge;

  if (!bk_json_string (object, "status", what, &status, error) ||
      !bk_json_string_or_null (object, "merged_id", what, &merged_id, error) ||
      !bk_json_string_or_null (object, "merge", what, &merge, error))
    return FALSE;
  if (strcmp (status, "active") == 0)
    return TRUE;
  if (strcmp (status, "consolidating") != 0 || !bk_name_is_safe (merged_id))
    return broken (error, what, _ ("its status is none that this program knows"));
  cycle->merge = BK_MERGE_IN_PLACE; /* manifests without the member know no other */
  if (merge != NULL &&
      (!bk_merge_mode_from_string (merge, &cycle->merge) || cycle->merge == BK_MERGE_AUTO))
    return broken (error, what, _ ("it merges in a way that this program does not know"));
  cycle->status = BK_CYCLE_CONSOLIDATING;
  cycle->merged_id = g_strdup (merged_id);
  return TRUE;
}

static gboolean
read_disks (BkCycle *cycle, JsonObject *object, const char *what, GError **error)
{
  JsonObject *disks;
  JsonObjectIter iter;
  const char *target;
  JsonNode *node;

  if (!bk_json_object (object, "disks", what, &disks, error))
    return FALSE;
  if (json_object_get_size (disks) == 0 || json_object_get_size (disks) > DISKS_MAX_COUNT)
    return broken (error, what, _ ("it has no disks, or more than a VM can have"));
  json_object_iter_init_ordered (&iter, disks);
  while (json_object_iter_next_ordered (&iter, &target, &node))
    {
      if (!read_disk (cycle, target, node, what, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_in_family (const BkCycle *cycle, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", 2);

  return bk_cycle_names_backup (cycle, names[0]);
}

static gboolean
check_chain (const BkCycle *cycle, const BkCycleDisk *disk)
{
  for (guint i = 0; i < disk->incremental_files->len; i++)
    {
      if (!is_in_family (cycle, g_ptr_array_index (disk->incremental_files, i)))
        return FALSE;
    }
  return is_in_family (cycle, disk->base_full_file);
}

/* A consolidation removes what the manifest names: it may name nothing but a Base and Incrementals of
 * its VM, and never a Full-Merged. */
static gboolean
check_ids (const BkCycle *cycle, const char *what, GError **error)
{
  if (cycle->backup_ids->len == 0)
    return broken (error, what, _ ("it names no backup"));
  for (guint i = 0; i < cycle->backup_ids->len; i++)
    {
      if (!bk_cycle_is_backup_id (cycle->vm,
                                  i == 0 ? BK_CYCLE_PART_BASE : BK_CYCLE_PART_INCREMENTAL,
                                  g_ptr_array_index (cycle->backup_ids, i)))
        return broken (error, what,
                       _ ("one of its backups is not a Base or an Incremental of its VM"));
    }
  if (cycle->merged_id != NULL &&
      !bk_cycle_is_backup_id (cycle->vm, BK_CYCLE_PART_MERGED, cycle->merged_id))
    return broken (error, what, _ ("what it is merged into is not a Full-Merged of its VM"));
  for (guint i = 0; i < cycle->disks->len; i++)
    {
      if (!check_chain (cycle, g_ptr_array_index (cycle->disks, i)))
        return broken (error, what, _ ("a file of one of its disks lies outside its backups"));
    }
  return TRUE;
}

/**
 * bk_cycle_manifest_from_bytes:
 * @bytes: hostile until checked
 * @what: what to call it in an error
 *
 * Returns: (transfer full) (nullable): the cycle, or %NULL with %BK_ERROR_INTEGRITY.
 */
BkCycle *
bk_cycle_manifest_from_bytes (GBytes *bytes, const char *what, GError **error)
{
  gsize length_bytes;
  const char *text = g_bytes_get_data (bytes, &length_bytes);
  g_autoptr (JsonObject) object =
      bk_json_parse_object (text == NULL ? "" : text, (gssize) length_bytes, what, error);
  const char *vm;
  const char *uuid;
  const char *checkpoint;
  guint64 number;
  JsonArray *ids;

  if (object == NULL || !bk_json_count (object, "version", what, G_MAXINT32, &number, error))
    return NULL;
  if (number != VERSION)
    {
      broken (error, what, _ ("a newer version of this program wrote it; use that one"));
      return NULL;
    }
  if (!bk_json_string (object, "vm", what, &vm, error) ||
      !bk_json_string (object, "uuid", what, &uuid, error) ||
      !bk_json_string_or_null (object, "last_checkpoint_name", what, &checkpoint, error) ||
      !bk_json_count (object, "max_incrementals", what, BK_MAX_INCREMENTALS_MAX, &number, error) ||
      !bk_json_array (object, "backup_ids", what, BK_MAX_INCREMENTALS_MAX + 1, &ids, error))
    return NULL;

  g_autoptr (BkCycle) cycle = bk_cycle_new (vm, uuid);
  cycle->last_checkpoint_name = g_strdup (checkpoint);
  cycle->max_incrementals = (guint) number;
  if (!read_strings (ids, bk_name_is_safe, cycle->backup_ids, what, error) ||
      !read_status (cycle, object, what, error) || !read_disks (cycle, object, what, error))
    return NULL;
  if (!check_ids (cycle, what, error))
    return NULL;
  return g_steal_pointer (&cycle);
}
