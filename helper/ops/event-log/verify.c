#include "ops/event-log/verify.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "store/event-log/view.h"

/* Pruning may remove a segment between its listing and its reading. */
#define TRIES 5

/**
 * bk_event_log_verify:
 * @data_dir: an absolute path; the directory that holds "event-log"
 * @fast: from the snapshot only
 *
 * Takes no lock and writes nothing.
 *
 * Errors: of reading, and %BK_ERROR_NOT_FOUND if there is no event log. A broken log is no error but
 *   a verdict; see bk_chain_verdict_set_error().
 *
 * Returns: (transfer full) (nullable)
 */
BkChainVerdict *
bk_event_log_verify (const char *data_dir,
                     gboolean fast,
                     BkReporter *reporter,
                     GCancellable *cancellable,
                     GError **error)
{
  for (guint i = 1;; i++)
    {
      g_autoptr (BkEventLogView) view = bk_event_log_view_open (data_dir, error);
      g_autoptr (GError) local_error = NULL;

      if (view == NULL)
        return NULL;
      BkChainVerdict *verdict = bk_event_log_view_verify (view, fast, cancellable, &local_error);
      if (verdict != NULL)
        return verdict;
      if (i == TRIES || !g_error_matches (local_error, BK_ERROR, BK_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
}

/**
 * bk_chain_verdict_set_error:
 * @what: which log, for the message
 *
 * Returns: whether the log is sound; if not, @error is %BK_ERROR_INTEGRITY and names the first broken
 *   event.
 */
gboolean
bk_chain_verdict_set_error (const BkChainVerdict *verdict, const char *what, GError **error)
{
  if (verdict->fault == BK_CHAIN_SOUND)
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY, "The chain of %s is broken (%s): %s", what,
                bk_chain_fault_to_string (verdict->fault), verdict->message);
  return FALSE;
}

/**
 * bk_chain_verdict_describe:
 *
 * Returns: (transfer full): what was verified, in one sentence for a person.
 */
char *
bk_chain_verdict_describe (const BkChainVerdict *verdict)
{
  static const char *const scopes[] = {
    [BK_CHAIN_FROM_GENESIS] = N_ ("from the very first event on"),
    [BK_CHAIN_FROM_ANCHOR] =
        N_ ("from the first event kept on; what was pruned before it is recorded"),
    [BK_CHAIN_FROM_SNAPSHOT] = N_ ("from the snapshot on only: older events were not looked at"),
    [BK_CHAIN_FROM_FIRST_KEPT] =
        N_ ("from the first event kept on; nothing tells what was before it"),
  };

  if (verdict->fault != BK_CHAIN_SOUND)
    return g_strdup_printf (_ ("Chain valid: no (%s). %s"),
                            bk_chain_fault_to_string (verdict->fault), verdict->message);
  g_autofree char *events =
      g_strdup_printf (bk_ngettext ("%s event", "%s events", verdict->verified_count),
                       BK_NUMBER (verdict->verified_count));
  g_autofree char *segments =
      g_strdup_printf (bk_ngettext ("%s segment", "%s segments", verdict->segments_count),
                       BK_NUMBER (verdict->segments_count));
  return g_strdup_printf (_ ("Chain valid: yes, %s in %s, %s"), events, segments,
                          _ (scopes[verdict->scope]));
}
