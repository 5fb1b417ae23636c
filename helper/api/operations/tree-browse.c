#include "api/operations/tree-browse.h"

#include "api/audit.h"
#include "api/views/tree.h"
#include "base/error.h"
#include "base/gettext.h"
#include "model/event.h"
#include "ops/tree/browse.h"
#include "ops/tree/download.h"

#include <string.h>

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 100000

/**
 * bk_call_path:
 * @name: the parameter that has the path as text
 * @name_base64: the one that has it as bytes, where they are no UTF-8
 *
 * Errors: %BK_ERROR_USAGE for bytes that can be no path.
 *
 * Returns: (transfer full) (nullable): the path; %NULL without an error when it was not given.
 */
char *
bk_call_path (const BkCall *call, const char *name, const char *name_base64, GError **error)
{
  const char *base64 = bk_call_string (call, name_base64);
  gsize length_bytes;

  if (base64 == NULL)
    return g_strdup (bk_call_string (call, name));

  g_autofree char *bytes = (char *) g_base64_decode (base64, &length_bytes);
  g_autofree char *path = g_strndup (bytes, length_bytes);
  if (length_bytes > 0 && strlen (path) == length_bytes)
    return g_steal_pointer (&path);
  bk_set_error (error, BK_ERROR_USAGE, "The parameter “%s” is no path", name_base64);
  return NULL;
}

static BkTreeWhich
which_of (const BkCall *call)
{
  return (BkTreeWhich){ .project_id = bk_call_string (call, "project"),
                        .backup_id = bk_call_string (call, "backup"),
                        .not_after_usecs = G_MAXINT64 };
}

typedef struct
{
  BkSink *sink;
  GCancellable *cancellable;
} Listing;

static gboolean
emit_listed (const BkTreeListed *listed, gpointer user_data, GError **error)
{
  const Listing *listing = user_data;

  return bk_sink_emit (listing->sink, BK_SINK_ITEM, bk_view_tree_listed (listed),
                       listing->cancellable, error);
}

static gboolean
run_browse (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) wrong = NULL;
  g_autofree char *path = bk_call_path (call, "path", "path_base64", &wrong);
  const char *search = bk_call_string (call, "search");
  Listing listing = { sink, cancellable };
  g_auto (BkTreeBrowsed) browsed = { 0 };

  if (wrong != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&wrong));
      return FALSE;
    }
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, error);
  if (repository == NULL)
    return FALSE;
  const BkTreeBrowseRequest request = {
    .which = which_of (call),
    .path = path,
    .search = search != NULL && *search != '\0' ? search : NULL,
    .offset = (guint64) bk_call_int (call, "offset", 0),
    .limit = (guint64) bk_call_int (call, "limit", LIMIT_DEFAULT),
  };
  return bk_tree_browse (repository, &request, emit_listed, &listing, &browsed, cancellable,
                         error) &&
         bk_sink_emit (sink, BK_SINK_RESULT,
                       bk_view_tree_browsed (request.which.project_id, request.offset, &browsed),
                       cancellable, error);
}

static gboolean
run_download (const BkCall *call, BkSink *sink, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) wrong = NULL;
  g_autofree char *path = bk_call_path (call, "path", "path_base64", &wrong);
  const BkTreeWhich which = which_of (call);
  g_autofree char *file_name = NULL;
  guint64 size_bytes = 0;

  if (wrong == NULL && path == NULL)
    bk_set_error (&wrong, BK_ERROR_USAGE, "Which file? Name its path at the source");
  if (wrong != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&wrong));
      return FALSE;
    }
  g_autoptr (BkRepository) repository = bk_repository_open (call->settings->repository_dir, error);
  g_autoptr (GInputStream) bytes =
      repository == NULL ? NULL
                         : bk_tree_download_open (repository, &which, path, &file_name, &size_bytes,
                                                  cancellable, error);
  if (bytes == NULL)
    return FALSE;

  /* Before the first byte leaves: data that went out unrecorded cannot be called back. */
  return bk_audit (call, BK_EVENT_EXPORTED, "tree", which.project_id, call->args, error) &&
         bk_sink_stream (sink, bytes, file_name, (gint64) size_bytes, cancellable, error);
}

static const BkParam browse_params[] = {
  { "project", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the tree, for instance tree/host1/databases") },
  { "path", BK_PARAM_STRING, BK_PARAM_POSITIONAL,
    N_ ("a directory, by its path at the source; by default /") },
  { "path_base64", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the same, in base64: for a path that is no UTF-8") },
  { "backup", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the point, for instance 2026-11-20T02-00-00; by default the newest") },
  { "search", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("list what has this in its name, at any depth below the directory; * and ? stand for any") },
  { "offset", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("leave out so many at the beginning"), 0,
    G_MAXINT64 },
  { "limit", BK_PARAM_INT, BK_PARAM_OPTIONAL, N_ ("list at most so many (1000)"), 0, LIMIT_MAX },
  { NULL },
};

static const BkParam download_params[] = {
  { "project", BK_PARAM_STRING, BK_PARAM_REQUIRED | BK_PARAM_POSITIONAL,
    N_ ("the tree, for instance tree/host1/databases") },
  { "path", BK_PARAM_STRING, BK_PARAM_POSITIONAL, N_ ("a file, by its path at the source") },
  { "path_base64", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the same, in base64: for a path that is no UTF-8") },
  { "backup", BK_PARAM_STRING, BK_PARAM_OPTIONAL,
    N_ ("the point, for instance 2026-11-20T02-00-00; by default the newest") },
  { NULL },
};

const BkOperation bk_operation_tree_browse = {
  .name = "tree.browse",
  .command = "tree browse",
  .summary = N_ ("Show what is in a directory of a backed up tree, or search it by name"),
  .params = browse_params,
  .run = run_browse,
};

const BkOperation bk_operation_tree_download = {
  .name = "tree.download",
  .command = "tree download",
  .summary = N_ ("Give one file out of a backed up tree, checked while it is read"),
  .flags = BK_OPERATION_STREAM,
  .params = download_params,
  .run = run_download,
};
