#include "format/event-segment.h"

#include "base/error.h"

#include <string.h>

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define EVENT(id)                                                                                  \
  "{\"id\":\"" id "\",\"timestamp\":\"2026-11-20T02:00:00.000Z\",\"actor\":\"ana\","               \
  "\"evento\":\"E\",\"entidade\":\"vm\",\"entidade_id\":\"web1\",\"payload_hash\":\"" HASH_A       \
  "\",\"previous_hash\":null,\"current_hash\":\"" HASH_B "\"}"
#define EVENT_WITH(more)                                                                             \
  "{\"id\":\"x\",\"timestamp\":\"t\",\"actor\":\"a\",\"evento\":\"e\",\"entidade\":\"d\","           \
  "\"entidade_id\":\"i\",\"payload_hash\":\"p\",\"previous_hash\":\"q\",\"current_hash\":\"c\"" more \
  "}"

static void
describe (const BkEvent *event, gpointer user_data)
{
  GString *out = user_data;

  g_string_append_printf (
      out, "%.*s/%.*s/%s%.*s/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "/%.*s%s;",
      (int) event->id.length_bytes, event->id.data, (int) event->actor.length_bytes,
      event->actor.data, event->previous_hash.data == NULL ? "-" : "",
      (int) event->previous_hash.length_bytes,
      event->previous_hash.data == NULL ? "" : event->previous_hash.data, event->hash_version,
      event->seq, (int) event->payload.length_bytes,
      event->payload.data == NULL ? "" : event->payload.data, event->has_more ? "+" : "");
}

/* Returns: (nullable): what was read; %NULL if it was refused. */
static char *
parse (const char *text, gsize length_bytes, gsize piece_bytes)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (gsize at = 0; at < length_bytes; at += piece_bytes)
    {
      /* a copy of exactly its size, so that reading past it is seen */
      gsize length = MIN (piece_bytes, length_bytes - at);
      g_autofree char *piece = g_memdup2 (text + at, length);

      if (!bk_event_parser_feed (parser, piece, length, describe, out, &error))
        {
          g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
          return NULL;
        }
    }
  if (!bk_event_parser_end (parser, &error))
    {
      g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static const struct
{
  const char *text;
  const char *events; /* NULL: refused */
} cases[] = {
  { "[]", "" },
  { " [ \n ] \n", "" },
  { "[" EVENT ("1") "]", "1/ana/-/0/0/;" },
  { "[\n" EVENT ("1") ",\n" EVENT ("2") "\n]\n", "1/ana/-/0/0/;2/ana/-/0/0/;" },
  { "[\r\n\t" EVENT ("\\u0031\\n\\\"\\\\\\/") " ]", "1\n\"\\//ana/-/0/0/;" },
  { "[" EVENT ("\xc3\xa9") "]", "\xc3\xa9/ana/-/0/0/;" },
  { "[" EVENT_WITH ("") "]", "x/a/q/0/0/;" },
  { "[" EVENT_WITH (",\"hash_version\":1,\"seq\":17,\"payload\":{\"a\":[1,{}]}") "]",
    "x/a/q/1/17/{\"a\":[1,{}]};" },
  { "[" EVENT_WITH (", \"payload\" : [ 1 , -2.5e3, \"]\" ] ") "]",
    "x/a/q/0/0/[ 1 , -2.5e3, \"]\" ];" },
  { "[" EVENT_WITH (",\"other\":{\"id\":\"y\"}") "]", "x/a/q/0/0/+;" },
  { "[{\"current_hash\":\"c\",\"id\":\"x\",\"actor\":\"a\",\"previous_hash\":\"q\",\"evento\":\"e\","
    "\"entidade\":\"d\",\"timestamp\":\"t\",\"entidade_id\":\"i\",\"payload_hash\":\"p\"}]",
    "x/a/q/0/0/;" },
  { "", NULL },
  { "{}", NULL },
  { "[", NULL },
  { "[" EVENT ("1"), NULL },
  { "[" EVENT ("1") ",]", NULL },
  { "[," EVENT ("1") "]", NULL },
  { "[" EVENT ("1") EVENT ("2") "]", NULL },
  { "[" EVENT ("1") "]]", NULL },
  { "[" EVENT ("1") "] x", NULL },
  { "[{}]", NULL },
  { "[1]", NULL },
  { "[[]]", NULL },
  { "[{\"id\":\"x\"}]", NULL },
  { "[" EVENT ("a\nb") "]", NULL },
  { "[" EVENT ("\\x") "]", NULL },
  { "[" EVENT ("\\u12g4") "]", NULL },
  { "[" EVENT ("\xff") "]", NULL },
  { "[" EVENT ("\xed\xa0\x80") "]", NULL },
  { "[" EVENT_WITH (",\"id\":\"y\"") "]", NULL },
  { "[" EVENT_WITH (",\"payload\":1,\"payload\":1") "]", NULL },
  { "[" EVENT_WITH (",\"seq\":-1") "]", NULL },
  { "[" EVENT_WITH (",\"seq\":01") "]", NULL },
  { "[" EVENT_WITH (",\"seq\":1.5") "]", NULL },
  { "[" EVENT_WITH (",\"seq\":\"1\"") "]", NULL },
  { "[" EVENT_WITH (",\"seq\":1234567890123456") "]", NULL },
  { "[" EVENT_WITH (",\"payload\":") "]", NULL },
  { "[" EVENT_WITH (",\"payload\":nul") "]", NULL },
  { "[" EVENT_WITH (",\"payload\":{\"a\":1,}") "]", NULL },
  { "[" EVENT_WITH (",\"payload\":[1}") "]", NULL },
  { "[" EVENT_WITH (",") "]", NULL },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize length_bytes = strlen (cases[i].text);

      for (gsize piece = 1; piece <= length_bytes + 1; piece += 1 + piece / 7)
        {
          g_autofree char *events = parse (cases[i].text, length_bytes, piece);

          g_assert_cmpstr (events, ==, cases[i].events);
        }
    }
}

static void
test_depth (void)
{
  for (guint depth = 1; depth <= BK_EVENT_DEPTH_MAX + 2; depth++)
    {
      g_autoptr (GString) payload = g_string_new (NULL);

      for (guint i = 0; i < depth; i++)
        g_string_append_c (payload, '[');
      for (guint i = 0; i < depth; i++)
        g_string_append_c (payload, ']');
      g_autofree char *text =
          g_strdup_printf ("[%.*s,\"payload\":%s}]", (int) strlen (EVENT_WITH ("")) - 1,
                           EVENT_WITH (""), payload->str);
      g_autofree char *events = parse (text, strlen (text), strlen (text));

      g_assert_cmpint (events != NULL, ==, depth < BK_EVENT_DEPTH_MAX);
    }
}

/* An event without an end must not fill the memory. */
static void
test_endless (void)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *piece = g_malloc (1024 * 1024);
  guint fed = 0;

  memset (piece, 'x', 1024 * 1024);
  memcpy (piece, "[{\"id\":\"", 8);
  while (fed < 20 && bk_event_parser_feed (parser, piece, 1024 * 1024, describe, out, &error))
    {
      piece[0] = 'x';
      memset (piece, 'x', 8);
      fed++;
    }
  g_assert_error (error, BK_ERROR, BK_ERROR_INTEGRITY);
  g_assert_cmpuint (fed, <=, BK_EVENT_MAX_BYTES / (1024 * 1024));
}

static void
test_round_trip (void)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  const BkEvent event = {
    .id = bk_text ("id \"1\"\n"),
    .timestamp = bk_text ("2026-11-20T02:00:00.000Z"),
    .actor = bk_text ("joão\x1f"),
    .evento = bk_text ("backup.created"),
    .entidade = bk_text ("vm"),
    .entidade_id = bk_text (""),
    .payload_hash = bk_text (HASH_A),
    .previous_hash = { NULL, 0 },
    .current_hash = bk_text (HASH_B),
    .hash_version = 1,
    .seq = 999999999999999,
    .payload = bk_text ("{\"a\":1}"),
  };
  BkEvent read;

  bk_event_append_json (text, &event);
  g_assert_null (strchr (text->str, '\n'));
  g_assert_cmpuint (bk_event_parser_parse_first (parser, text->str, text->len, &read), ==,
                    text->len);
  g_assert_true (bk_text_equal (&read.id, &event.id));
  g_assert_true (bk_text_equal (&read.actor, &event.actor));
  g_assert_true (bk_text_equal (&read.entidade_id, &event.entidade_id));
  g_assert_true (bk_text_equal (&read.previous_hash, &event.previous_hash));
  g_assert_true (bk_text_equal (&read.payload, &event.payload));
  g_assert_cmpuint (read.seq, ==, event.seq);

  for (gsize i = 0; i < text->len; i++)
    g_assert_cmpuint (bk_event_parser_parse_first (parser, text->str, i, &read), ==, 0);
  gsize length_bytes = text->len;
  g_string_append (text, " ,x");
  g_assert_cmpuint (bk_event_parser_parse_first (parser, text->str, text->len, &read), ==,
                    length_bytes);
}

static void
test_names (void)
{
  static const struct
  {
    const char *name;
    guint64 segment; /* 0: no segment */
  } names[] = {
    { "segment-000001.json", 1 },      { "segment-999999.json", 999999 },
    { "segment-000000.json", 0 },      { "segment-00001.json", 0 },
    { "segment-0000001.json", 0 },     { "segment-00000a.json", 0 },
    { "segment-000001.json.tmp", 0 },  { "Segment-000001.json", 0 },
    { ".segment-000001.json", 0 },     { "segment--00001.json", 0 },
    { "segment-000001.json.torn", 0 }, { "", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      guint64 segment = 0;

      g_assert_cmpint (bk_event_segment_number (names[i].name, &segment), ==,
                       names[i].segment != 0);
      g_assert_cmpuint (segment, ==, names[i].segment);
      if (segment == 0)
        continue;
      g_autofree char *name = bk_event_segment_name (segment);
      g_assert_cmpstr (name, ==, names[i].name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/event-segment/cases", test_cases);
  g_test_add_func ("/format/event-segment/depth", test_depth);
  g_test_add_func ("/format/event-segment/endless", test_endless);
  g_test_add_func ("/format/event-segment/round-trip", test_round_trip);
  g_test_add_func ("/format/event-segment/names", test_names);
  return g_test_run ();
}
