#pragma once

#include "api/sink.h"
#include "base/reporter.h"
#include "model/settings.h"

#include <json-glib/json-glib.h>

/*
 * The one table of what the program can do. The Cockpit channel, the command line and HTTP are
 * three faces of it: each turns its own form of parameters into a JSON object, has it checked by
 * bk_operation_check_args(), and calls run().
 */

typedef enum
{
  BK_PARAM_STRING,
  BK_PARAM_STRINGS,
  BK_PARAM_INT,
  BK_PARAM_BOOL,
  BK_PARAM_CHOICE, /* one of the words in choices, separated by '|' */
  BK_PARAM_TIME,   /* ISO 8601, or a date */
} BkParamType;

typedef enum
{
  BK_PARAM_OPTIONAL = 0,
  BK_PARAM_REQUIRED = 1 << 0,
  BK_PARAM_POSITIONAL = 1 << 1, /* on the command line: a word, not an option */
  BK_PARAM_NEGATED = 1 << 2,    /* a boolean that is true by default: --no-NAME */
} BkParamFlags;

typedef struct
{
  const char *name; /* "max_incrementals"; on the command line --max-incrementals */
  BkParamType type;
  BkParamFlags flags;
  const char *summary;
  gint64 min; /* of an integer; both 0: any */
  gint64 max;
  const char *choices;
} BkParam;

typedef enum
{
  BK_OPERATION_READS = 0,
  BK_OPERATION_JOB = 1 << 0,     /* changes something: runs as a job */
  BK_OPERATION_STREAM = 1 << 1,  /* its result is bytes: bk_sink_stream() */
  BK_OPERATION_FOLLOWS = 1 << 2, /* can stay open and send changes until cancelled */
} BkOperationFlags;

/* Who asks for what. Everything in it is borrowed for the call. */
typedef struct
{
  const BkSettings *settings;
  const char *actor;    /* the person: the Cockpit user, else the login name */
  const char *job_id;   /* (nullable) of the job this call runs in */
  JsonObject *args;     /* checked; may lack optional members */
  BkReporter *reporter; /* (nullable) set when the call runs as a job: its log and its progress */
} BkCall;

typedef struct _BkOperation BkOperation;

typedef gboolean (*BkOperationFunc) (const BkCall *call,
                                     BkSink *sink,
                                     GCancellable *cancellable,
                                     GError **error);

/* Returns: (transfer full): the ids of the projects that the call is about, for the job's record. */
typedef GStrv (*BkProjectsFunc) (const BkCall *call);

struct _BkOperation
{
  const char *name;    /* "vm.backup" */
  const char *command; /* "vm backup" */
  const char *summary;
  BkOperationFlags flags;
  const BkParam *params; /* ends with a param without a name */
  BkOperationFunc run;
  BkProjectsFunc
      projects; /* (nullable) of a job; without it a job names them as it comes to them */
};

const BkOperation *const *bk_operation_all (void);
const BkOperation *bk_operation_find_in (const BkOperation *const *table, const char *name);
const BkOperation *bk_operation_find (const char *name);
gboolean bk_operation_check_args (const BkOperation *operation, JsonObject *args, GError **error);
gboolean bk_operation_follows (const BkOperation *operation, JsonObject *args);

gboolean bk_call_bool (const BkCall *call, const char *name, gboolean fallback);
gint64 bk_call_int (const BkCall *call, const char *name, gint64 fallback);
const char *bk_call_string (const BkCall *call, const char *name);
GStrv bk_call_strings (const BkCall *call, const char *name);
GStrv bk_call_project_of_id (const BkCall *call);
