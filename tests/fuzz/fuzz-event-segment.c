#include "format/event-segment.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Touches every byte of every text, so that one that lies outside is seen. */
static void
take (const BkEvent *event, gpointer user_data)
{
  const BkText *const texts[] = { &event->id,           &event->timestamp,     &event->actor,
                                  &event->evento,       &event->entidade,      &event->entidade_id,
                                  &event->payload_hash, &event->previous_hash, &event->current_hash,
                                  &event->payload };
  guint *sum = user_data;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      for (gsize at = 0; at < texts[i]->length_bytes; at++)
        *sum = *sum * 31 + (guchar) texts[i]->data[at];
    }
}

static gboolean
read_in_pieces (const uint8_t *data, size_t size, size_t piece, guint *sum)
{
  g_autoptr (BkEventParser) parser = bk_event_parser_new ();
  g_autoptr (GError) error = NULL;

  *sum = 0;
  for (size_t at = 0; at < size; at += piece)
    {
      if (!bk_event_parser_feed (parser, data + at, MIN (piece, size - at), take, sum, &error))
        return FALSE;
    }
  return bk_event_parser_end (parser, &error);
}

/* However the bytes arrive, they are the same events. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint whole;
  guint pieces;
  gboolean is_whole = read_in_pieces (data, size, size + 1, &whole);
  gboolean in_pieces = read_in_pieces (data, size, 7, &pieces);

  g_assert (is_whole == in_pieces && (!is_whole || whole == pieces));
  return 0;
}
