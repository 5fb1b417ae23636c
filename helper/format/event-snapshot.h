#pragma once

#include "model/event-chain.h"

#include <gio/gio.h>

/*
 * event-log-snapshot.json, beside the directory of segments:
 *
 *   { "version": 1, "last_segment": count, "last_index_in_segment": count, "last_event_id": string,
 *     "last_current_hash": string, "last_timestamp": string, "total_events": count }
 *
 * event-log-anchor.json, there once the log was pruned, and the payload of the event of pruning:
 *
 *   { "version": 1, "first_segment": count, "previous_hash": string, "last_seq": count }
 *
 * Members that are not listed are skipped.
 */

#define BK_EVENT_SNAPSHOT_NAME "event-log-snapshot.json"
#define BK_EVENT_ANCHOR_NAME "event-log-anchor.json"
#define BK_EVENT_SNAPSHOT_MAX_BYTES (64 * 1024)

BkEventSnapshot *bk_event_snapshot_from_json (const char *text, gsize length_bytes, GError **error);
char *bk_event_snapshot_to_json (const BkEventSnapshot *snapshot);
BkEventAnchor *bk_event_anchor_from_json (const char *text, gsize length_bytes, GError **error);
char *bk_event_anchor_to_json (const BkEventAnchor *anchor);
