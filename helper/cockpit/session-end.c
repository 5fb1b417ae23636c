/* The end of a session: when everything that it began is over. */
#include "cockpit/session-private.h"

/* At the end: how long operations and a slow peer are waited for, and how long the peer may take
 * to close its side after our last frame (Cockpit's Python bridge loses frames otherwise). */
#define END_MAX_MSECS 5000
#define LINGER_MSECS 1000

static gboolean
on_ended (gpointer user_data)
{
  BkSession *self = user_data;

  self->ended_id = 0;
  self->options.ended (self, self->options.user_data);
  return G_SOURCE_REMOVE;
}

/* Says that all is over, once it is. */
void
bk_session_check_end (BkSession *self)
{
  if (!self->is_ending || self->ended_id != 0 || g_hash_table_size (self->open) > 0 ||
      g_hash_table_size (self->ending) > 0 || !bk_transport_is_drained (self->transport))
    return;
  /* Not at once: whoever called is still at work on the session. */
  if (self->is_peer_gone || self->has_lingered)
    self->ended_id = g_idle_add (on_ended, self);
}

static gboolean
on_lingered (gpointer user_data)
{
  BkSession *self = user_data;

  self->linger_id = 0;
  self->has_lingered = TRUE;
  bk_session_check_end (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_end_timeout (gpointer user_data)
{
  BkSession *self = user_data;

  self->timeout_id = 0;
  self->has_lingered = TRUE;
  bk_transport_cut (self->transport);
  if (g_hash_table_size (self->ending) > 0)
    {
      g_warning ("%u operations did not end in time", g_hash_table_size (self->ending));
      if (self->options.stuck != NULL)
        self->options.stuck (self, self->options.user_data);
    }
  bk_session_check_end (self);
  return G_SOURCE_REMOVE;
}

/* Operations and the peer get their time; a peer that takes longer is cut off. */
void
bk_session_await_end (BkSession *self)
{
  self->linger_id = g_timeout_add (LINGER_MSECS, on_lingered, self);
  self->timeout_id = g_timeout_add (END_MAX_MSECS, on_end_timeout, self);
  bk_session_check_end (self);
}
