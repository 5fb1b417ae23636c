#pragma once

#include "base/digest.h"

#include <glib.h>

/*
 * One event of an event log. The names of the fields are those of the format (see
 * format/event-segment.h), which other programs write too.
 */

/* A piece of text that somebody else holds; data is NULL when there is none. */
typedef struct
{
  const char *data;
  gsize length_bytes;
} BkText;

typedef struct
{
  BkText id;
  BkText timestamp;
  BkText actor;
  BkText evento;
  BkText entidade;
  BkText entidade_id;
  BkText payload_hash;
  BkText previous_hash; /* none for the very first event */
  BkText current_hash;
  guint64 hash_version; /* 0 where the event does not say */
  guint64 seq;          /* 0 where the event does not say */
  BkText payload;       /* raw JSON */
  gboolean has_more;    /* it has members that this program does not know */
} BkEvent;

#define BK_EVENT_HASH_VERSION_MAX 1

/* The words of `evento` that this program writes. */
#define BK_EVENT_CREATED "backup.created"
#define BK_EVENT_CONSOLIDATED "backup.consolidated"
#define BK_EVENT_VERIFIED "backup.verified"
#define BK_EVENT_RESTORED "backup.restored"
#define BK_EVENT_EXPORTED "backup.exported"
#define BK_EVENT_PINNED "backup.pinned"
#define BK_EVENT_PRUNED "backup.pruned"
#define BK_EVENT_DELETED "backup.deleted"
#define BK_EVENT_SETTINGS_CHANGED "settings.changed"
#define BK_EVENT_ACCESS_GRANTED "access.granted"
#define BK_EVENT_ACCESS_DENIED "access.denied"
#define BK_EVENT_LOG_PRUNED "event-log.pruned"
#define BK_EVENT_LOG_RECOVERED "event-log.recovered"
#define BK_EVENT_LOG_SHORTENED "event-log.shortened"
#define BK_EVENT_LOG_RESTORED "event-log.restored"

BkText bk_text (const char *text);
gboolean bk_text_equal (const BkText *a, const BkText *b);
gboolean bk_text_is (const BkText *text, const char *expected);
char *bk_text_dup (const BkText *text);

typedef struct _BkEventHasher BkEventHasher;

BkEventHasher *bk_event_hasher_new (void);
void bk_event_hasher_free (BkEventHasher *hasher);
gboolean bk_event_hasher_event (BkEventHasher *hasher,
                                const BkEvent *event,
                                char hex[BK_SHA256_HEX_LENGTH + 1]);
void bk_event_hasher_payload (BkEventHasher *hasher,
                              const BkText *canonical,
                              char hex[BK_SHA256_HEX_LENGTH + 1]);
gboolean bk_event_hasher_payload_matches (BkEventHasher *hasher, const BkEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventHasher, bk_event_hasher_free)
