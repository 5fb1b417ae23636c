/* What is in a package: the segments, verified as they are copied, the files beside them, and the
 * manifest. */
#include "ops/event-log/backup-private.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/timestamp.h"
#include "format/event-segment.h"
#include "format/event-snapshot.h"

#include <errno.h>
#include <string.h>

/* The same bytes go into the package, into its digest and to the verifier. */
static gboolean
take_bytes (const void *data, gsize length_bytes, gpointer user_data, GError **error)
{
  BkEventLogBackupRun *run = user_data;

  bk_event_verifier_feed (run->verifier, data, length_bytes);
  return bk_event_package_writer_write (run->writer, data, length_bytes, error);
}

static gboolean
end_file (BkEventLogBackupRun *run, const char *path, guint64 size_bytes, GError **error)
{
  char sha256[BK_SHA256_HEX_LENGTH + 1];

  if (!bk_event_package_writer_end (run->writer, sha256, error))
    return FALSE;
  bk_event_manifest_add (run->result->manifest, path, size_bytes, sha256);
  bk_event_log_backup_say_file (run, path, size_bytes);
  return TRUE;
}

static gboolean
pack_segment (BkEventLogBackupRun *run, guint64 segment, GError **error)
{
  g_autofree char *name = bk_event_segment_name (segment);
  g_autofree char *path = g_strdup_printf ("%s/%s", BK_EVENT_LOG_DIRECTORY, name);
  BkEventSegmentView segment_view;

  if (!bk_event_segment_view_open (run->view, segment, &segment_view, error))
    return FALSE;
  autofd int fd = segment_view.fd;
  guint64 size_bytes = bk_event_segment_view_size (&segment_view);

  bk_event_verifier_begin_segment (run->verifier, segment);
  if (!bk_event_package_writer_begin (run->writer, path, size_bytes, error) ||
      !bk_event_segment_view_read (&segment_view, take_bytes, run, run->cancellable, error))
    return FALSE;
  bk_event_verifier_end_segment (run->verifier);
  run->result->manifest->total_segments++;
  return end_file (run, path, size_bytes, error);
}

static gboolean
pack_small (
    BkEventLogBackupRun *run, const char *path, GBytes *bytes, gboolean listed, GError **error)
{
  gsize length_bytes;
  const void *data = bytes == NULL ? NULL : g_bytes_get_data (bytes, &length_bytes);
  char sha256[BK_SHA256_HEX_LENGTH + 1];

  if (data == NULL)
    return TRUE;
  if (!bk_event_package_writer_begin (run->writer, path, length_bytes, error) ||
      !bk_event_package_writer_write (run->writer, data, length_bytes, error))
    return FALSE;
  return listed ? end_file (run, path, length_bytes, error)
                : bk_event_package_writer_end (run->writer, sha256, error);
}

static void
summarize (BkEventLogBackupRun *run)
{
  BkEventManifest *manifest = run->result->manifest;
  const BkChainVerdict *verdict = run->result->verdict;

  manifest->created_at = bk_time_to_iso (run->now_usecs);
  manifest->source_dir = g_strdup (run->data_dir);
  manifest->total_events = verdict->events_count;
  manifest->first_event_id = g_strdup (verdict->first_event_id);
  manifest->last_event_id = g_strdup (verdict->last_event_id);
  manifest->last_current_hash = g_strdup (verdict->last_current_hash);
  manifest->snapshot_exists = run->view->snapshot_bytes != NULL;
  manifest->chain_valid_at_backup = verdict->fault == BK_CHAIN_SOUND;
}

static gboolean
pack_log (BkEventLogBackupRun *run, GBytes **manifest_bytes, GError **error)
{
  for (guint i = 0; i < run->view->segments->len; i++)
    {
      guint64 segment = g_array_index (run->view->segments, guint64, i);

      if (bk_event_verifier_wants_segment (run->verifier, segment) &&
          !pack_segment (run, segment, error))
        return FALSE;
    }
  if (!pack_small (run, BK_EVENT_SNAPSHOT_NAME, run->view->snapshot_bytes, TRUE, error) ||
      !pack_small (run, BK_EVENT_ANCHOR_NAME, run->view->anchor_bytes, TRUE, error))
    return FALSE;

  run->result->verdict = bk_event_verifier_end (run->verifier);
  summarize (run);
  char *text = bk_event_manifest_to_json (run->result->manifest);
  *manifest_bytes = g_bytes_new_take (text, strlen (text));
  return pack_small (run, BK_EVENT_MANIFEST_NAME, *manifest_bytes, FALSE, error);
}

/**
 * bk_event_log_backup_pack:
 * @run: gets the view, and its result the manifest, the verdict, the size and the digest
 * @fd: empty
 * @manifest_bytes: (out) (transfer full): the manifest as it is in the package
 *
 * Writes the package into @fd, durably.
 *
 * Errors: %BK_ERROR_NOT_FOUND also when pruning took a segment away meanwhile.
 */
gboolean
bk_event_log_backup_pack (BkEventLogBackupRun *run, int fd, GBytes **manifest_bytes, GError **error)
{
  g_autoptr (BkEventLogView) view = bk_event_log_view_open (run->data_dir, error);
  g_autoptr (BkEventVerifier) verifier =
      view == NULL ? NULL : bk_event_log_view_verifier (view, FALSE);
  g_autoptr (BkEventPackageWriter) writer =
      bk_event_package_writer_new (fd, run->output_path, run->now_usecs);
  char sha256[BK_SHA256_HEX_LENGTH + 1];

  run->view = view;
  if (view == NULL)
    return FALSE;
  run->verifier = verifier;
  run->writer = writer;
  g_clear_pointer (&run->result->manifest, bk_event_manifest_free);
  g_clear_pointer (&run->result->verdict, bk_chain_verdict_free);
  run->result->manifest = bk_event_manifest_new ();
  if (!pack_log (run, manifest_bytes, error) ||
      !bk_event_package_writer_close (writer, &run->result->size_bytes, sha256, error))
    return FALSE;
  g_free (run->result->sha256);
  run->result->sha256 = g_strdup (sha256);
  return fsync (fd) == 0 ||
         bk_error_set_errno (error, errno, "The package in “%s” cannot be made durable",
                             run->output_path);
}
