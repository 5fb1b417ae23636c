#include "api/operations/tree.h"

#include "api/views/tree.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gettext.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "format/json.h"
#include "format/tree-settings-json.h"
#include "ops/tree/backup.h"
#include "store/state/settings-file.h"

#include <string.h>

/* ---- tree.backup ---- */

/**
 * bk_call_load_trees:
 *
 * Errors: %BK_ERROR_USAGE with what is wrong in config.json.
 *
 * Returns: (transfer full) (nullable): the storages and backups of the settings the call runs with.
 */
BkTreeSettings *
bk_call_load_trees (const BkCall *call, GError **error)
{
  const char *path = call->settings->config_path;
  g_autoptr (JsonObject) config = bk_config_read (call->settings, error);
  BkTreeSettings *trees = config == NULL ? NULL : bk_tree_settings_from_json (config, error);

  if (trees == NULL)
    bk_prefix_error (error, "“%s” is wrong: ", path != NULL ? path : BK_CONFIG_PATH);
  return trees;
}

static const BkTreeTask *
find_task (const BkCall *call, const BkTreeSettings *trees, GError **error)
{
  const char *name = bk_call_string (call, "name");
  const BkTreeTask *task = bk_tree_settings_find_task (trees, name);

  if (task != NULL)
    return task;
  g_autofree char *line = bk_error_one_line (name);
  bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no “%s” in “backups” of %s; add it there",
                line,
                call->settings->config_path != NULL ? call->settings->config_path : BK_CONFIG_PATH);
  return NULL;
}

static gboolean
set_location (const BkTreeBackupRequest *request, GError **error)
{
  const char *base_dir = request->storage->base_dir;
  g_autofree char *path =
      base_dir == NULL ? NULL
                       : g_build_filename (base_dir, request->project_id + strlen ("tree/"), NULL);

  return bk_repository_set_location (request->repository, request->project_id, path, error);
}

static gboolean
run_backup (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  gboolean is_plan = bk_call_bool (call, "plan", FALSE);
  g_autoptr (BkTreeSettings) trees = bk_call_load_trees (call, error);
  const BkTreeTask *task = trees == NULL ? NULL : find_task (call, trees, error);

  if (task == NULL)
    return FALSE;
  g_autofree char *project_id = bk_tree_project_id (task);
  g_autoptr (BkRepository) repository =
      bk_repository_open_or_create (call->settings->repository_dir, error);
  if (repository == NULL)
    return FALSE;

  const BkTreeBackupRequest request = {
    .repository = repository,
    .task = task,
    .storage = bk_tree_settings_find_storage (trees, task->storage),
    .project_id = project_id,
    .job_id = call->job_id != NULL ? call->job_id : "-",
    .full_requested = bk_call_bool (call, "full", FALSE),
    .reporter = call->reporter,
  };
  if (!is_plan && !set_location (&request, error))
    return FALSE;
  g_autoptr (BkTreeBackupResult) result = is_plan
                                              ? bk_tree_backup_plan (&request, error)
                                              : bk_tree_backup_run (&request, cancellable, error);
  if (result == NULL)
    return FALSE;
  return bk_sink_emit (sink, BK_SINK_RESULT, bk_view_tree_backup (task->name, project_id, result),
                       cancellable, error);
}

/* Before the settings are read, only the name is known; a name that is in none leads to an error
 * as soon as the job runs. */
static GStrv
backup_projects (const BkCall *call)
{
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  g_autoptr (BkTreeSettings) trees = bk_call_load_trees (call, NULL);
  const BkTreeTask *task = trees == NULL ? NULL : find_task (call, trees, NULL);
  g_autofree char *project_id = task == NULL ? NULL : bk_tree_project_id (task);

  if (project_id != NULL)
    g_strv_builder_add (ids, project_id);
  return g_strv_builder_end (ids);
}

static const BkParam backup_params[] = {
  { "name", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("one of “backups” in the settings") },
  { "full", BK_PARAM_BOOL, BK_PARAM_OPTIONAL,
    N_ ("begin a new generation, whatever the policy says") },
  { "plan", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("do nothing, say what would be done") },
  { NULL },
};

const BkOperation bk_operation_tree_backup = {
  .name = "tree.backup",
  .command = "tree backup",
  .summary = N_ ("Back up a file tree: full or incremental, as its storage's policy says"),
  .flags = BK_OPERATION_JOB,
  .params = backup_params,
  .run = run_backup,
  .projects = backup_projects,
};

/* ---- tree.inspect ---- */

static void
set_path (JsonObject *object, const BkTreeEntry *entry)
{
  if (g_utf8_validate (entry->path, -1, NULL))
    {
      json_object_set_string_member (object, "path", entry->path);
      return;
    }
  g_autofree char *valid = g_utf8_make_valid (entry->path, -1);
  g_autofree char *base64 = g_base64_encode ((const guchar *) entry->path, entry->path_length);

  json_object_set_string_member (object, "path", valid);
  json_object_set_string_member (object, "path_base64", base64);
}

static JsonNode *
entry_view (const BkTreeEntry *entry)
{
  JsonObject *object = json_object_new ();
  g_autofree char *mode = g_strdup_printf ("0x%08x", entry->mode);
  g_autofree char *mtime = bk_time_to_iso (entry->mtime_nsec / 1000);

  set_path (object, entry);
  json_object_set_string_member (object, "mode", mode);
  json_object_set_int_member (object, "size_bytes", entry->size_bytes);
  json_object_set_string_member (object, "mtime", mtime);
  json_object_set_int_member (object, "mtime_nsec", entry->mtime_nsec);
  json_object_set_int_member (object, "origin", entry->origin);
  return bk_json_object_node (object);
}

typedef struct
{
  guint64 files, directories, links, others;
  guint64 size_bytes;
  guint64 by_origin[BK_TREE_ORIGIN_MAX + 1];
} Counts;

static void
count_entry (Counts *counts, const BkTreeEntry *entry)
{
  counts->by_origin[entry->origin]++;
  if ((entry->mode & BK_TREE_MODE_TYPE) == 0)
    {
      counts->files++;
      counts->size_bytes += (guint64) entry->size_bytes;
    }
  else if ((entry->mode & BK_TREE_MODE_DIRECTORY) != 0)
    counts->directories++;
  else if ((entry->mode & BK_TREE_MODE_SYMLINK) != 0)
    counts->links++;
  else
    counts->others++;
}

static JsonNode *
inspect_view (const BkNbkmHeader *header, const Counts *counts)
{
  JsonObject *object = json_object_new ();
  JsonObject *origins = json_object_new ();
  g_autofree char *timestamp = bk_time_to_iso (header->timestamp_nsec / 1000);

  json_object_set_int_member (object, "version", header->version);
  json_object_set_int_member (object, "flags", header->flags);
  json_object_set_int_member (object, "entries", (gint64) header->entry_count);
  json_object_set_string_member (object, "timestamp", timestamp);
  json_object_set_int_member (object, "timestamp_nsec", header->timestamp_nsec);
  json_object_set_int_member (object, "sequence", header->sequence);
  json_object_set_int_member (object, "files", (gint64) counts->files);
  json_object_set_int_member (object, "directories", (gint64) counts->directories);
  json_object_set_int_member (object, "links", (gint64) counts->links);
  json_object_set_int_member (object, "others", (gint64) counts->others);
  json_object_set_int_member (object, "size_bytes", (gint64) counts->size_bytes);
  for (guint i = 0; i <= header->sequence; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      json_object_set_int_member (origins, name, (gint64) counts->by_origin[i]);
    }
  json_object_set_object_member (object, "entries_by_origin", origins);
  return bk_json_object_node (object);
}

static gboolean
run_inspect (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  const char *file = bk_call_string (call, "file");
  gboolean with_entries = bk_call_bool (call, "entries", FALSE);
  g_autofree char *absolute = g_canonicalize_filename (file, NULL);
  g_autofree char *parent = g_path_get_dirname (absolute);
  g_autofree char *name = g_path_get_basename (absolute);
  autofd int dirfd = bk_open_directory (parent, error);
  autofd int fd = dirfd < 0 ? -1 : bk_open_file_at (dirfd, name, error);
  g_autoptr (BkNbkmReader) reader = fd < 0 ? NULL : bk_nbkm_reader_new (fd, file, error);
  const BkTreeEntry *entry;
  Counts counts = { 0 };

  if (reader == NULL)
    return FALSE;
  while (bk_nbkm_reader_next (reader, &entry, error))
    {
      if (entry == NULL)
        return bk_sink_emit (sink, BK_SINK_RESULT,
                             inspect_view (bk_nbkm_reader_get_header (reader), &counts),
                             cancellable, error);
      count_entry (&counts, entry);
      if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
          (with_entries &&
           !bk_sink_emit (sink, BK_SINK_ITEM, entry_view (entry), cancellable, error)))
        return FALSE;
    }
  return FALSE;
}

static const BkParam inspect_params[] = {
  { "file", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL, N_ ("a manifest (.nbkm)") },
  { "entries", BK_PARAM_BOOL, BK_PARAM_OPTIONAL, N_ ("list its entries too") },
  { NULL },
};

const BkOperation bk_operation_tree_inspect = {
  .name = "tree.inspect",
  .command = "tree inspect",
  .summary = N_ ("Read a manifest, check it, and say what is in it or what is wrong with it"),
  .params = inspect_params,
  .run = run_inspect,
};
