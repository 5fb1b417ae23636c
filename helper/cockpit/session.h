#pragma once

#include "api/operation.h"
#include "cockpit/guard.h"

/*
 * One peer that speaks Cockpit's channel protocol, over stdin and stdout or a socket, and the channels
 * it has open. Used in the main loop only.
 */

typedef struct _BkSession BkSession;

typedef void (*BkSessionFunc) (BkSession *session, gpointer user_data);

/* What a session works with; tests pass a table of their own. */
typedef struct
{
  int in_fd;  /* (transfer full) frames come in here */
  int out_fd; /* (transfer full) and go out here */
  const BkOperation *const *operations;
  const char *config_path;  /* (nullable) see bk_settings_load() */
  const char *actor;        /* the person of this session */
  BkGuard *guard;           /* (nullable) who lets what in; without one the peer may do all */
  guint32 uid;              /* of the peer, for the guard */
  gint64 patience_usecs;    /* without a pong, until a receiver is taken for gone */
  guint greeting_max_msecs; /* until "init" has come; 0: as long as it takes */
  BkSessionFunc ended;      /* all is over: the session may be freed */
  BkSessionFunc stuck;      /* (nullable) it is not, and should be: operations do not end */
  gpointer user_data;
} BkSessionOptions;

#define BK_SESSION_PATIENCE_USECS (5 * G_TIME_SPAN_MINUTE)

BkSession *bk_session_new (const BkSessionOptions *options);
void bk_session_free (BkSession *session);
void bk_session_end (BkSession *session, const char *message);
void bk_session_look_at_tickets (BkSession *session);
gboolean bk_session_has_failed (const BkSession *session);
