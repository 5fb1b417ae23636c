#include "ops/job/job.h"

#include "base/error.h"
#include "base/language.h"
#include "base/watch.h"
#include "format/settings-json.h"

#include <string.h>
#include <unistd.h>

/* Recorded with the settings, because they are in force for the process in the same way. */
#define CONFIG_PATH_MEMBER "config_path"
#define LANGUAGE_MEMBER "language"

/* What a program that cannot be started is waited for, at most, between two looks. */
#define LOOK_MSECS 200

static JsonObject *
settings_to_json (const BkSettings *settings)
{
  JsonObject *object = json_object_new ();

  bk_settings_add_json (settings, object);
  if (settings->config_path != NULL)
    json_object_set_string_member (object, CONFIG_PATH_MEMBER, settings->config_path);
  json_object_set_string_member (object, LANGUAGE_MEMBER, bk_language_name (bk_language_get ()));
  return object;
}

/**
 * bk_job_record:
 *
 * Records a pending job, and with it the settings that are in force here and now, and the language of
 * this thread: its process runs with the same, whatever its environment is. Old history goes on this occasion.
 *
 * Returns: (transfer full) (nullable): the job.
 */
BkJob *
bk_job_record (BkJobStore *store, const BkJobRequest *request, GError **error)
{
  gint64 now_usecs = g_get_real_time ();
  g_autofree char *id = bk_job_id_new (now_usecs, g_random_int ());
  g_autoptr (BkJob) job = bk_job_new (id, request->op, request->args, request->actor);

  job->created_usecs = now_usecs;
  job->settings = settings_to_json (request->settings);
  for (guint i = 0; request->projects != NULL && request->projects[i] != NULL; i++)
    bk_job_add_project (job, request->projects[i]);
  bk_job_store_prune (store, now_usecs);
  if (!bk_job_store_write (store, job, error))
    return NULL;
  return g_steal_pointer (&job);
}

/**
 * bk_job_dup_settings:
 *
 * Returns: (transfer full) (nullable): the settings that @job was recorded with.
 */
BkSettings *
bk_job_dup_settings (const BkJob *job, GError **error)
{
  g_autoptr (BkSettings) settings = bk_settings_new ();
  g_autoptr (JsonObject) object = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (job->settings == NULL)
    return g_steal_pointer (&settings);
  json_object_iter_init (&iter, job->settings);
  while (json_object_iter_next (&iter, &name, &node))
    {
      if (strcmp (name, LANGUAGE_MEMBER) == 0)
        continue;
      if (strcmp (name, CONFIG_PATH_MEMBER) != 0)
        json_object_set_member (object, name, json_node_copy (node));
      else if (JSON_NODE_HOLDS_VALUE (node))
        settings->config_path = json_node_dup_string (node);
    }
  if (!bk_settings_apply_json (settings, object, error))
    return NULL;
  return g_steal_pointer (&settings);
}

/**
 * bk_job_get_language:
 *
 * Returns: (transfer none): what @job reports in: the language of who asked for it. That of the
 *   environment when it was recorded without one.
 */
const BkLanguage *
bk_job_get_language (const BkJob *job)
{
  JsonNode *node =
      job->settings == NULL ? NULL : json_object_get_member (job->settings, LANGUAGE_MEMBER);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_STRING)
    return bk_language_get ();
  return bk_language_find (json_node_get_string (node));
}

/* In the child: a session of its own, so that no terminal's or session's end reaches it. */
static void
leave_session (gpointer user_data)
{
  setsid ();
}

static gboolean
spawn_detached (char **argv, GError **error)
{
  /* Without G_SPAWN_DO_NOT_REAP_CHILD GLib forks twice: the process is init's child. Its standard
   * input is /dev/null, and it inherits no other descriptor. */
  return g_spawn_async ("/", argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                        leave_session, NULL, NULL, error);
}

static const char *const unit_properties[] = {
  /* A stop is told to the job, not to the tools it runs; it ends those itself. */
  "--property=KillMode=mixed",
  /* How long it may take to take an interrupted backup back is QEMU's matter. */
  "--property=TimeoutStopSec=5min",
  /* Done with warnings; they are in the log. */
  "--property=SuccessExitStatus=8",
  /* Started after these, it is stopped before them: what it takes back at a shutdown needs them. */
  "--property=After=libvirtd.service",
  "--property=After=virtqemud.service",
  "--property=After=remote-fs.target",
  NULL,
};

static gboolean
spawn_unit (const char *systemd_run, const char *id, char **argv)
{
  g_autofree char *unit = g_strdup_printf ("--unit=cockpit-backup-job-%s", id);
  g_autofree char *description = g_strdup_printf ("--description=Backup job %s", id);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  int wait_status;

  g_strv_builder_add_many (words, systemd_run, "--quiet", "--collect", unit, description, NULL);
  g_strv_builder_addv (words, (const char **) unit_properties);
  g_strv_builder_add (words, "--");
  for (char **word = argv; *word != NULL; word++)
    g_strv_builder_add (words, *word);

  g_auto (GStrv) command = g_strv_builder_end (words);
  return g_spawn_sync ("/", command, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, NULL, NULL, &wait_status, NULL) &&
         g_spawn_check_wait_status (wait_status, NULL);
}

static gboolean
has_begun (BkJobStore *store, const char *id, gboolean *begun, GError **error)
{
  g_autoptr (BkJob) job = bk_job_store_read_stored (store, id, error);

  *begun = job != NULL && job->state != BK_JOB_PENDING;
  return job != NULL;
}

static gboolean
wait_for_begin (BkJobStore *store, const char *id, BkWatch *watch, GError **error)
{
  gint64 deadline_usecs = g_get_monotonic_time () + BK_JOB_START_USECS;

  while (g_get_monotonic_time () < deadline_usecs)
    {
      gboolean begun;

      if (!has_begun (store, id, &begun, error))
        return FALSE;
      if (begun)
        return TRUE;
      if (!bk_watch_wait (watch, LOOK_MSECS, NULL, error))
        return FALSE;
    }
  bk_set_error (error, BK_ERROR_FAILED,
                "The job's process was started, but did not begin its work within %d seconds. Look "
                "into the system's journal.",
                (int) (BK_JOB_START_USECS / G_USEC_PER_SEC));
  return FALSE;
}

static void
record_failure (BkJobStore *store, const char *id, const GError *failure)
{
  g_autoptr (BkJob) job = bk_job_store_read_stored (store, id, NULL);

  if (job == NULL || job->state != BK_JOB_PENDING)
    return;
  bk_job_end (job, NULL, failure, g_get_real_time ());
  bk_job_store_write (store, job, NULL);
}

/**
 * bk_job_start:
 * @id: of a pending job
 * @runtime_dir: where its record lies
 *
 * Starts its process, detached from this one in every way, and waits until that has begun, or has
 * recorded why it could not.
 */
gboolean
bk_job_start (BkJobStore *store,
              const char *id,
              const char *runtime_dir,
              const BkJobLauncher *launcher,
              GError **error)
{
  char *argv[] = { (char *) launcher->program, (char *) "job", (char *) "run",
                   (char *) runtime_dir,       (char *) id,    NULL };
  g_autoptr (BkWatch) watch = bk_watch_new (error);
  g_autoptr (GError) failure = NULL;

  if (watch == NULL || bk_watch_add_directory (watch, bk_job_store_fd (store), error) < 0)
    return FALSE;
  if ((launcher->systemd_run != NULL && spawn_unit (launcher->systemd_run, id, argv)) ||
      spawn_detached (argv, &failure))
    {
      if (wait_for_begin (store, id, watch, &failure))
        return TRUE;
    }
  else
    bk_prefix_error (&failure, "The job's process cannot be started: ");
  record_failure (store, id, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
