#pragma once

#include "model/event.h"

#include <gio/gio.h>

/*
 * A segment of an event log: one JSON array of flat objects.
 *
 *   segment = "[" [ event *( "," event ) ] "]"
 *   event   = { "id": string, "timestamp": string, "actor": string, "evento": string,
 *               "entidade": string, "entidade_id": string, "payload_hash": string,
 *               "previous_hash": string | null, "current_hash": string,
 *               [ "hash_version": count, "seq": count ], [ "payload": any ] }
 *
 * Members in any order, none twice; members that are not listed are skipped and noted
 * (BkEvent.has_more). Any white space JSON allows: existing logs are indented by two.
 *
 * Our own segments have one event a line: "[\n" event ",\n" event … "\n]\n". As no JSON string holds
 * a raw line end, a line is an event and nothing else is, which is how a torn tail is recognised.
 *
 * A segment is read in constant memory, in pieces of any size, and without a tree per event.
 */

/* One event's text; longer is refused. This program writes at most BK_EVENT_WRITE_MAX_BYTES. */
#define BK_EVENT_MAX_BYTES (4 * 1024 * 1024)
#define BK_EVENT_WRITE_MAX_BYTES (64 * 1024)

#define BK_EVENT_DEPTH_MAX 64

#define BK_EVENT_LOG_DIRECTORY "event-log"
#define BK_EVENT_SEGMENT_NAME_BYTES sizeof "segment-000000.json"
#define BK_EVENT_SEGMENT_MAX 999999

/* @event and all texts in it are valid during the call only. */
typedef void (*BkEventFunc) (const BkEvent *event, gpointer user_data);

typedef struct _BkEventParser BkEventParser;

BkEventParser *bk_event_parser_new (void);
void bk_event_parser_free (BkEventParser *parser);
gboolean bk_event_parser_feed (BkEventParser *parser,
                               const void *data,
                               gsize length_bytes,
                               BkEventFunc func,
                               gpointer user_data,
                               GError **error);
gboolean bk_event_parser_end (BkEventParser *parser, GError **error);
gsize bk_event_parser_parse_first (BkEventParser *parser,
                                   const char *text,
                                   gsize length_bytes,
                                   BkEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkEventParser, bk_event_parser_free)

void bk_event_append_json (GString *out, const BkEvent *event);

char *bk_event_segment_name (guint64 segment);
gboolean bk_event_segment_number (const char *name, guint64 *segment);
