#include "format/event-snapshot.h"

#include "base/error.h"
#include "base/quantity.h"
#include "format/event-segment.h"
#include "format/json.h"

#define COUNT_MAX ((guint64) 1 << 53) /* what all readers of JSON agree on */

static gboolean
check_version (JsonObject *object, const char *what, GError **error)
{
  guint64 version;

  if (!bk_json_count (object, "version", what, COUNT_MAX, &version, error))
    return FALSE;
  if (version == 1)
    return TRUE;
  bk_set_error (error, BK_ERROR_UNSUPPORTED,
                "%s is of version %s, which this program does not know", what, BK_DIGITS (version));
  return FALSE;
}

static gboolean
read_segment (
    JsonObject *object, const char *name, const char *what, guint64 *segment, GError **error)
{
  if (!bk_json_count (object, name, what, BK_EVENT_SEGMENT_MAX, segment, error))
    return FALSE;
  if (*segment > 0)
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: “%s” is out of its range", what, name);
  return FALSE;
}

static gboolean
read_hash (JsonObject *object, const char *name, const char *what, char **hash, GError **error)
{
  const char *text;

  if (!bk_json_string (object, name, what, &text, error))
    return FALSE;
  if (!bk_sha256_is_hex (text))
    {
      bk_set_error (error, BK_ERROR_INTEGRITY, "%s: “%s” is not a SHA-256", what, name);
      return FALSE;
    }
  *hash = g_strdup (text);
  return TRUE;
}

static gboolean
read_text (JsonObject *object, const char *name, const char *what, char **value, GError **error)
{
  const char *text;

  if (!bk_json_string (object, name, what, &text, error))
    return FALSE;
  *value = g_strdup (text);
  return TRUE;
}

/**
 * bk_event_snapshot_from_json:
 * @text: hostile until checked here
 *
 * Returns: (transfer full) (nullable)
 */
BkEventSnapshot *
bk_event_snapshot_from_json (const char *text, gsize length_bytes, GError **error)
{
  static const char what[] = "“" BK_EVENT_SNAPSHOT_NAME "”";
  g_autoptr (JsonObject) object = bk_json_parse_object (text, (gssize) length_bytes, what, error);
  g_autoptr (BkEventSnapshot) snapshot = g_new0 (BkEventSnapshot, 1);

  if (object == NULL || !check_version (object, what, error) ||
      !read_segment (object, "last_segment", what, &snapshot->last_segment, error) ||
      !bk_json_count (object, "last_index_in_segment", what, COUNT_MAX,
                      &snapshot->last_index_in_segment, error) ||
      !read_text (object, "last_event_id", what, &snapshot->last_event_id, error) ||
      !read_hash (object, "last_current_hash", what, &snapshot->last_current_hash, error) ||
      !read_text (object, "last_timestamp", what, &snapshot->last_timestamp, error) ||
      !bk_json_count (object, "total_events", what, COUNT_MAX, &snapshot->total_events, error))
    return NULL;
  return g_steal_pointer (&snapshot);
}

/**
 * bk_event_snapshot_to_json:
 *
 * Returns: (transfer full): the file's text.
 */
char *
bk_event_snapshot_to_json (const BkEventSnapshot *snapshot)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "version", 1);
  json_object_set_int_member (object, "last_segment", (gint64) snapshot->last_segment);
  json_object_set_int_member (object, "last_index_in_segment",
                              (gint64) snapshot->last_index_in_segment);
  json_object_set_string_member (object, "last_event_id", snapshot->last_event_id);
  json_object_set_string_member (object, "last_current_hash", snapshot->last_current_hash);
  json_object_set_string_member (object, "last_timestamp", snapshot->last_timestamp);
  json_object_set_int_member (object, "total_events", (gint64) snapshot->total_events);

  g_autoptr (JsonNode) node = bk_json_object_node (object);
  return bk_json_to_text (node, TRUE);
}

/**
 * bk_event_anchor_from_json:
 * @text: hostile until checked here
 *
 * Returns: (transfer full) (nullable)
 */
BkEventAnchor *
bk_event_anchor_from_json (const char *text, gsize length_bytes, GError **error)
{
  static const char what[] = "“" BK_EVENT_ANCHOR_NAME "”";
  g_autoptr (JsonObject) object = bk_json_parse_object (text, (gssize) length_bytes, what, error);
  g_autoptr (BkEventAnchor) anchor = g_new0 (BkEventAnchor, 1);

  if (object == NULL || !check_version (object, what, error) ||
      !read_segment (object, "first_segment", what, &anchor->first_segment, error) ||
      !read_hash (object, "previous_hash", what, &anchor->previous_hash, error) ||
      !bk_json_count (object, "last_seq", what, COUNT_MAX, &anchor->last_seq, error))
    return NULL;
  return g_steal_pointer (&anchor);
}

/**
 * bk_event_anchor_to_json:
 *
 * Returns: (transfer full): the file's text, and the payload of the event of pruning.
 */
char *
bk_event_anchor_to_json (const BkEventAnchor *anchor)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "version", 1);
  json_object_set_int_member (object, "first_segment", (gint64) anchor->first_segment);
  json_object_set_string_member (object, "previous_hash", anchor->previous_hash);
  json_object_set_int_member (object, "last_seq", (gint64) anchor->last_seq);

  g_autoptr (JsonNode) node = bk_json_object_node (object);
  return bk_json_to_text (node, TRUE);
}
