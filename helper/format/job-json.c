#include "format/job-json.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"

#include <string.h>

static JsonNode *
progress_to_json (const BkJobProgress *progress)
{
  JsonObject *object = json_object_new ();

  bk_json_set_string_or_null (object, "project_id", progress->project_id);
  bk_json_set_string_or_null (object, "step", progress->step);
  json_object_set_int_member (object, "done_bytes", (gint64) progress->done_bytes);
  json_object_set_int_member (object, "total_bytes", (gint64) progress->total_bytes);
  json_object_set_int_member (object, "rate_bytes_per_second",
                              (gint64) progress->rate_bytes_per_second);
  if (progress->remaining_seconds < 0)
    json_object_set_null_member (object, "remaining_seconds");
  else
    json_object_set_int_member (object, "remaining_seconds", progress->remaining_seconds);
  return bk_json_object_node (object);
}

static JsonNode *
error_to_json (const BkJob *job)
{
  JsonObject *object = json_object_new ();

  bk_json_set_string_or_null (object, "problem", job->problem);
  bk_json_set_string_or_null (object, "message", job->message);
  return bk_json_object_node (object);
}

/**
 * bk_job_to_json:
 *
 * Returns: (transfer full): the view of it.
 */
JsonNode *
bk_job_to_json (const BkJob *job)
{
  JsonObject *object = json_object_new ();
  JsonArray *projects = json_array_new ();

  for (guint i = 0; i < job->projects->len; i++)
    json_array_add_string_element (projects, g_ptr_array_index (job->projects, i));
  json_object_set_string_member (object, "id", job->id);
  json_object_set_string_member (object, "op", job->op);
  json_object_set_object_member (object, "args", json_object_ref (job->args));
  json_object_set_string_member (object, "actor", job->actor);
  json_object_set_array_member (object, "projects", projects);
  json_object_set_string_member (object, "state", bk_job_state_to_string (job->state));
  bk_json_set_time_or_null (object, "created_at", job->created_usecs);
  bk_json_set_time_or_null (object, "started_at", job->started_usecs);
  bk_json_set_time_or_null (object, "finished_at", job->finished_usecs);
  json_object_set_member (object, "progress",
                          job->progress == NULL ? json_node_new (JSON_NODE_NULL)
                                                : progress_to_json (job->progress));
  json_object_set_member (object, "result",
                          job->result == NULL ? json_node_new (JSON_NODE_NULL)
                                              : json_node_copy (job->result));
  json_object_set_member (
      object, "error", job->message == NULL ? json_node_new (JSON_NODE_NULL) : error_to_json (job));
  return bk_json_object_node (object);
}

/**
 * bk_job_to_record:
 *
 * Returns: (transfer full): what is stored of it.
 */
JsonNode *
bk_job_to_record (const BkJob *job)
{
  JsonNode *node = bk_job_to_json (job);

  if (job->settings != NULL)
    json_object_set_object_member (json_node_get_object (node), "settings",
                                   json_object_ref (job->settings));
  return node;
}

static gboolean
read_progress (BkJob *job, JsonObject *record, const char *what, GError **error)
{
  JsonNode *node = json_object_get_member (record, "progress");
  JsonObject *object;
  const char *project_id, *step;
  guint64 remaining_seconds;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  job->progress = g_new0 (BkJobProgress, 1);
  job->progress->remaining_seconds = -1;
  if (!bk_json_object (record, "progress", what, &object, error) ||
      !bk_json_string_or_null (object, "project_id", what, &project_id, error) ||
      !bk_json_string_or_null (object, "step", what, &step, error) ||
      !bk_json_count (object, "done_bytes", what, G_MAXINT64, &job->progress->done_bytes, error) ||
      !bk_json_count (object, "total_bytes", what, G_MAXINT64, &job->progress->total_bytes,
                      error) ||
      !bk_json_count (object, "rate_bytes_per_second", what, G_MAXINT64,
                      &job->progress->rate_bytes_per_second, error))
    return FALSE;
  job->progress->project_id = g_strdup (project_id);
  job->progress->step = g_strdup (step);

  node = json_object_get_member (object, "remaining_seconds");
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!bk_json_count (object, "remaining_seconds", what, G_MAXINT64, &remaining_seconds, error))
    return FALSE;
  job->progress->remaining_seconds = (gint64) remaining_seconds;
  return TRUE;
}

static gboolean
read_error (BkJob *job, JsonObject *record, const char *what, GError **error)
{
  JsonNode *node = json_object_get_member (record, "error");
  JsonObject *object;
  const char *problem, *message;

  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!bk_json_object (record, "error", what, &object, error) ||
      !bk_json_string (object, "problem", what, &problem, error) ||
      !bk_json_string (object, "message", what, &message, error))
    return FALSE;
  job->problem = bk_error_one_line (problem);
  job->message = bk_error_one_line (message);
  return TRUE;
}

static gboolean
read_projects (BkJob *job, JsonObject *record, const char *what, GError **error)
{
  JsonArray *array;

  if (!bk_json_array (record, "projects", what, BK_JOB_PROJECTS_MAX, &array, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
        {
          bk_set_error (error, BK_ERROR_INTEGRITY, "%s: a project is not a text", what);
          return FALSE;
        }
      g_ptr_array_add (job->projects, json_node_dup_string (node));
    }
  return TRUE;
}

static gboolean
read_rest (BkJob *job, JsonObject *record, const char *what, GError **error)
{
  JsonNode *result = json_object_get_member (record, "result");
  JsonNode *settings = json_object_get_member (record, "settings");
  const char *state;

  if (result != NULL && !JSON_NODE_HOLDS_NULL (result))
    job->result = json_node_copy (result);
  if (settings != NULL && JSON_NODE_HOLDS_OBJECT (settings))
    job->settings = json_node_dup_object (settings);
  if (!bk_json_string (record, "state", what, &state, error) ||
      !bk_json_time_or_zero (record, "created_at", what, &job->created_usecs, error) ||
      !bk_json_time_or_zero (record, "started_at", what, &job->started_usecs, error) ||
      !bk_json_time_or_zero (record, "finished_at", what, &job->finished_usecs, error))
    return FALSE;
  if (bk_job_state_from_string (state, &job->state))
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: its state is none that a job can have", what);
  return FALSE;
}

/**
 * bk_job_from_record:
 * @text: hostile until checked
 *
 * Returns: (transfer full) (nullable): the job, or %NULL with %BK_ERROR_INTEGRITY.
 */
BkJob *
bk_job_from_record (const char *text, gsize length_bytes, GError **error)
{
  const char *what = _ ("The record of a job");
  const char *id, *op, *actor;
  JsonObject *args;

  if (length_bytes > BK_JOB_RECORD_MAX_BYTES)
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s is larger than it can be", what);
      return NULL;
    }

  g_autoptr (JsonObject) record = bk_json_parse_object (text, (gssize) length_bytes, what, error);
  if (record == NULL || !bk_json_string (record, "id", what, &id, error) ||
      !bk_json_string (record, "op", what, &op, error) ||
      !bk_json_string (record, "actor", what, &actor, error) ||
      !bk_json_object (record, "args", what, &args, error))
    return NULL;
  if (!bk_job_id_is_valid (id))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s: its id is none that a job can have", what);
      return NULL;
    }

  g_autoptr (BkJob) job = bk_job_new (id, op, args, actor);
  if (!read_projects (job, record, what, error) || !read_progress (job, record, what, error) ||
      !read_error (job, record, what, error) || !read_rest (job, record, what, error))
    return NULL;
  return g_steal_pointer (&job);
}
