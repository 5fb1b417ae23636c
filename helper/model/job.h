#pragma once

#include "base/reporter.h"

/*
 * One run of a changing operation: who asked for what, how far it is, how it ended. Its process
 * owns it and writes snapshots of it; everyone else only reads those.
 */

typedef enum
{
  BK_JOB_PENDING, /* recorded; its process has not begun */
  BK_JOB_RUNNING,
  BK_JOB_COMPLETED,
  BK_JOB_FAILED,
  BK_JOB_CANCELLED,
  BK_JOB_INTERRUPTED, /* its process is gone and did not say how it ended; never stored */
} BkJobState;

#define BK_JOB_PROJECTS_MAX 10000

/* How long a pending job may be without a process before it counts as interrupted. */
#define BK_JOB_START_USECS (30 * G_USEC_PER_SEC)

typedef struct
{
  char *project_id; /* (nullable) */
  char *step;       /* (nullable) */
  guint64 done_bytes;
  guint64 total_bytes; /* 0: not known */
  guint64 rate_bytes_per_second;
  gint64 remaining_seconds; /* -1: not known */
} BkJobProgress;

typedef struct
{
  char *id; /* 20261120_020000-5f2a9c01 */
  char *op;
  JsonObject *args;
  char *actor;
  GPtrArray *projects; /* of char * */
  BkJobState state;
  gint64 created_usecs;
  gint64 started_usecs;    /* 0: not yet */
  gint64 finished_usecs;   /* 0: not yet, or not known */
  BkJobProgress *progress; /* (nullable) */
  JsonNode *result;        /* (nullable) */
  char *problem;           /* (nullable), with message: what it failed with */
  char *message;
  JsonObject *settings; /* (nullable) what it runs with; stored, but no part of the view */
} BkJob;

const char *bk_job_state_to_string (BkJobState state);
gboolean bk_job_state_from_string (const char *text, BkJobState *state);

char *bk_job_id_new (gint64 now_usecs, guint32 random);
gboolean bk_job_id_is_valid (const char *id);

BkJob *bk_job_new (const char *id, const char *op, JsonObject *args, const char *actor);
void bk_job_free (BkJob *job);
void bk_job_add_project (BkJob *job, const char *project_id);
gboolean bk_job_is_over (const BkJob *job);

void bk_job_begin (BkJob *job, gint64 now_usecs);
void bk_job_end (BkJob *job, JsonNode *result, const GError *error, gint64 now_usecs);
void bk_job_observe_without_process (BkJob *job, gint64 now_usecs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkJob, bk_job_free)

/* The samples that a rate is made of: those of the last seconds. */
#define BK_JOB_RATE_SAMPLES 32
#define BK_JOB_RATE_USECS (10 * G_USEC_PER_SEC)

typedef struct
{
  struct
  {
    gint64 usecs;
    guint64 bytes;
  } samples[BK_JOB_RATE_SAMPLES];
  guint first;
  guint count;
} BkJobRate;

void
bk_job_set_progress (BkJob *job, BkJobRate *rate, const BkProgress *progress, gint64 now_usecs);
