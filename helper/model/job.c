#include "model/job.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/timestamp.h"
#include "base/words.h"

#include <string.h>

static const char *const state_names[] = {
  [BK_JOB_PENDING] = "pending",     [BK_JOB_RUNNING] = "running",
  [BK_JOB_COMPLETED] = "completed", [BK_JOB_FAILED] = "failed",
  [BK_JOB_CANCELLED] = "cancelled", [BK_JOB_INTERRUPTED] = "interrupted",
};

/* "YYYYMMDD_HHMMSS", '-', eight hex digits */
#define TIME_LENGTH 15
#define ID_LENGTH 24

const char *
bk_job_state_to_string (BkJobState state)
{
  return state_names[state];
}

gboolean
bk_job_state_from_string (const char *text, BkJobState *state)
{
  guint index;

  if (!bk_word_index (state_names, G_N_ELEMENTS (state_names), text, &index))
    return FALSE;
  *state = (BkJobState) index;
  return TRUE;
}

/**
 * bk_job_id_new:
 * @random: tells jobs of one second apart
 *
 * Returns: (transfer full): an id that sorts by time.
 */
char *
bk_job_id_new (gint64 now_usecs, guint32 random)
{
  g_autofree char *time = bk_time_to_compact (now_usecs);

  return g_strdup_printf ("%s-%08x", time, random);
}

/**
 * bk_job_id_is_valid:
 * @id: (nullable): hostile until checked
 */
gboolean
bk_job_id_is_valid (const char *id)
{
  if (id == NULL || strlen (id) != ID_LENGTH || id[TIME_LENGTH] != '-')
    return FALSE;

  g_autofree char *time = g_strndup (id, TIME_LENGTH);
  return bk_time_from_compact (time) != BK_TIME_INVALID &&
         strspn (id + TIME_LENGTH + 1, "0123456789abcdef") == ID_LENGTH - TIME_LENGTH - 1;
}

/**
 * bk_job_new:
 * @args: kept by reference; must not change any more
 *
 * Returns: (transfer full): a pending job; the caller fills in created_usecs.
 */
BkJob *
bk_job_new (const char *id, const char *op, JsonObject *args, const char *actor)
{
  BkJob *self = g_new0 (BkJob, 1);

  self->id = g_strdup (id);
  self->op = g_strdup (op);
  self->args = json_object_ref (args);
  self->actor = g_strdup (actor);
  self->projects = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static void
progress_free (BkJobProgress *progress)
{
  g_free (progress->project_id);
  g_free (progress->step);
  g_free (progress);
}

void
bk_job_free (BkJob *job)
{
  g_free (job->id);
  g_free (job->op);
  json_object_unref (job->args);
  g_free (job->actor);
  g_ptr_array_unref (job->projects);
  g_clear_pointer (&job->progress, progress_free);
  g_clear_pointer (&job->result, json_node_unref);
  g_free (job->problem);
  g_free (job->message);
  g_clear_pointer (&job->settings, json_object_unref);
  g_free (job);
}

/**
 * bk_job_add_project:
 * @project_id: (nullable): does nothing when it is there already, or there are too many
 */
void
bk_job_add_project (BkJob *job, const char *project_id)
{
  if (project_id == NULL || job->projects->len >= BK_JOB_PROJECTS_MAX ||
      g_ptr_array_find_with_equal_func (job->projects, project_id, g_str_equal, NULL))
    return;
  g_ptr_array_add (job->projects, g_strdup (project_id));
}

/**
 * bk_job_is_over:
 *
 * Returns: whether it will not change any more.
 */
gboolean
bk_job_is_over (const BkJob *job)
{
  return job->state != BK_JOB_PENDING && job->state != BK_JOB_RUNNING;
}

void
bk_job_begin (BkJob *job, gint64 now_usecs)
{
  job->state = BK_JOB_RUNNING;
  job->started_usecs = now_usecs;
}

static void
set_error (BkJob *job, const char *problem, const char *message)
{
  g_free (job->problem);
  g_free (job->message);
  job->problem = g_strdup (problem);
  job->message = bk_error_one_line (message);
}

/**
 * bk_job_end:
 * @result: (nullable): what the operation said in the end
 * @error: (nullable): what it failed with; %BK_ERROR_CANCELLED is a state of its own
 */
void
bk_job_end (BkJob *job, JsonNode *result, const GError *error, gint64 now_usecs)
{
  g_clear_pointer (&job->progress, progress_free);
  g_clear_pointer (&job->result, json_node_unref);
  if (result != NULL)
    job->result = json_node_ref (result);
  job->finished_usecs = now_usecs;
  job->state = BK_JOB_COMPLETED;
  if (error == NULL)
    return;
  job->state = bk_error_code (error) == BK_ERROR_CANCELLED ? BK_JOB_CANCELLED : BK_JOB_FAILED;
  set_error (job, bk_error_problem (error), error->message);
}

/**
 * bk_job_observe_without_process:
 *
 * What to think of a job whose record says it goes on while no process holds it: it was
 * interrupted, unless it was recorded just now and its process is still on its way.
 */
void
bk_job_observe_without_process (BkJob *job, gint64 now_usecs)
{
  gint64 age_usecs = now_usecs - job->created_usecs;

  if (bk_job_is_over (job))
    return;
  if (job->state == BK_JOB_PENDING && age_usecs >= 0 && age_usecs < BK_JOB_START_USECS)
    return;

  gboolean had_begun = job->state == BK_JOB_RUNNING;
  g_clear_pointer (&job->progress, progress_free);
  job->state = BK_JOB_INTERRUPTED;
  set_error (job, "internal-error",
             had_begun ? _ ("The job was interrupted: its process ended without a word (killed, or "
                            "the machine went down). What was complete is kept; start it again.")
                       : _ ("The job never began: its process did not start. Start it again."));
}

static void
rate_add (BkJobRate *rate, gint64 now_usecs, guint64 done_bytes)
{
  if (rate->count == BK_JOB_RATE_SAMPLES)
    {
      rate->first = (rate->first + 1) % BK_JOB_RATE_SAMPLES;
      rate->count--;
    }
  /* Keep one sample that is older than the window: the rate then spans the whole window. */
  while (rate->count >= 2)
    {
      guint second = (rate->first + 1) % BK_JOB_RATE_SAMPLES;

      if (rate->samples[second].usecs > now_usecs - BK_JOB_RATE_USECS)
        break;
      rate->first = second;
      rate->count--;
    }

  guint last = (rate->first + rate->count) % BK_JOB_RATE_SAMPLES;
  rate->samples[last].usecs = now_usecs;
  rate->samples[last].bytes = done_bytes;
  rate->count++;
}

static guint64
rate_per_second (const BkJobRate *rate)
{
  if (rate->count < 2)
    return 0;

  guint last = (rate->first + rate->count - 1) % BK_JOB_RATE_SAMPLES;
  gint64 usecs = rate->samples[last].usecs - rate->samples[rate->first].usecs;
  guint64 bytes = rate->samples[last].bytes - rate->samples[rate->first].bytes;

  return usecs <= 0 ? 0 : (guint64) ((double) bytes * G_USEC_PER_SEC / (double) usecs);
}

static gboolean
goes_on_from (const BkJobProgress *old, const BkProgress *progress)
{
  return old != NULL && g_strcmp0 (old->project_id, progress->project_id) == 0 &&
         g_strcmp0 (old->step, progress->step) == 0 && progress->done_bytes >= old->done_bytes;
}

/* A sample that comes soon after the last one takes its place: the samples then span seconds
 * however often progress is told. */
#define SAMPLE_USECS (BK_JOB_RATE_USECS / (BK_JOB_RATE_SAMPLES - 2))

static void
rate_take (BkJobRate *rate, gint64 now_usecs, guint64 done_bytes)
{
  if (rate->count >= 2)
    {
      guint last = (rate->first + rate->count - 1) % BK_JOB_RATE_SAMPLES;
      guint previous = (rate->first + rate->count - 2) % BK_JOB_RATE_SAMPLES;

      if (now_usecs < rate->samples[last].usecs)
        rate->count = 0; /* the clock stepped back */
      else if (rate->samples[last].usecs - rate->samples[previous].usecs < SAMPLE_USECS)
        rate->count--;
    }
  rate_add (rate, now_usecs, done_bytes);
}

/**
 * bk_job_set_progress:
 * @rate: the samples so far; begins anew with another project or step
 *
 * Works out the rate over the last ten seconds and what remains at that rate.
 */
void
bk_job_set_progress (BkJob *job, BkJobRate *rate, const BkProgress *progress, gint64 now_usecs)
{
  if (!goes_on_from (job->progress, progress))
    *rate = (BkJobRate){ .count = 0 };
  rate_take (rate, now_usecs, progress->done_bytes);

  g_clear_pointer (&job->progress, progress_free);
  BkJobProgress *own = job->progress = g_new0 (BkJobProgress, 1);
  own->project_id = g_strdup (progress->project_id);
  own->step = g_strdup (progress->step);
  own->done_bytes = progress->done_bytes;
  own->total_bytes = progress->total_bytes;
  own->rate_bytes_per_second = rate_per_second (rate);
  own->remaining_seconds = -1;
  if (own->total_bytes == 0)
    return;
  if (own->done_bytes >= own->total_bytes)
    own->remaining_seconds = 0;
  else if (own->rate_bytes_per_second > 0)
    own->remaining_seconds =
        (gint64) ((own->total_bytes - own->done_bytes + own->rate_bytes_per_second - 1) /
                  own->rate_bytes_per_second);
}
