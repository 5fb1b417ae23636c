#include "cockpit/frames.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

/* Of the longest that any reader takes. */
#define LENGTH_MAX_DIGITS 7

struct _BkFrameReader
{
  GByteArray *buffer;
  gsize max_bytes;
  gsize start; /* of the first byte that was not given out */
  gboolean is_broken;
};

/**
 * bk_frame_reader_new:
 * @max_bytes: of a frame; what claims to be longer is broken. At most %BK_FRAME_ANSWER_MAX_BYTES
 */
BkFrameReader *
bk_frame_reader_new (gsize max_bytes)
{
  BkFrameReader *self = g_new0 (BkFrameReader, 1);

  self->max_bytes = max_bytes;
  self->buffer = g_byte_array_new ();
  return self;
}

void
bk_frame_reader_free (BkFrameReader *reader)
{
  g_byte_array_unref (reader->buffer);
  g_free (reader);
}

void
bk_frame_clear (BkFrame *frame)
{
  g_clear_pointer (&frame->channel, g_free);
  g_clear_pointer (&frame->payload, g_bytes_unref);
}

/**
 * bk_frame_reader_push:
 *
 * Takes bytes as they came. The caller takes out every whole frame before it pushes again, so that
 * no more than one frame and one push are held.
 */
void
bk_frame_reader_push (BkFrameReader *reader, const void *data, gsize length_bytes)
{
  if (reader->is_broken)
    return;
  if (reader->start > 0)
    {
      g_byte_array_remove_range (reader->buffer, 0, (guint) reader->start);
      reader->start = 0;
    }
  g_byte_array_append (reader->buffer, data, (guint) length_bytes);
}

/**
 * bk_frame_reader_is_empty:
 *
 * Returns: whether nothing of an unfinished frame is left; an end of the stream is orderly then.
 */
gboolean
bk_frame_reader_is_empty (const BkFrameReader *reader)
{
  return reader->start == reader->buffer->len;
}

static BkFrameStatus
broken (BkFrameReader *reader, GError **error, const char *why)
{
  reader->is_broken = TRUE;
  bk_set_error (error, BK_ERROR_USAGE, "A broken frame came in: %s", why);
  return BK_FRAME_BROKEN;
}

/* Reads the length line. NONE while it is unfinished. */
static BkFrameStatus
read_length (BkFrameReader *reader, gsize *digits, gsize *length_bytes, GError **error)
{
  const guint8 *bytes = reader->buffer->data + reader->start;
  gsize available = reader->buffer->len - reader->start;
  gsize length = 0;
  gsize i;

  for (i = 0; i < available && bytes[i] != '\n'; i++)
    {
      if (!g_ascii_isdigit (bytes[i]))
        return broken (reader, error, _ ("its length is not a number"));
      if (bytes[0] == '0')
        return broken (reader, error, _ ("its length begins with a zero"));
      if (i == LENGTH_MAX_DIGITS)
        return broken (reader, error, _ ("it is too long"));
      length = length * 10 + (gsize) (bytes[i] - '0');
    }
  if (length > reader->max_bytes)
    return broken (reader, error, _ ("it is too long"));
  if (i == available)
    return BK_FRAME_NONE;
  if (i == 0)
    return broken (reader, error, _ ("its length is not a number"));
  *digits = i;
  *length_bytes = length;
  return BK_FRAME_WHOLE;
}

static gboolean
is_channel (const char *channel, gsize length_bytes)
{
  if (length_bytes > BK_FRAME_CHANNEL_MAX_BYTES ||
      !g_utf8_validate_len (channel, length_bytes, NULL))
    return FALSE;
  for (gsize i = 0; i < length_bytes; i++)
    {
      if (g_ascii_iscntrl (channel[i]))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_frame_reader_next:
 * @frame: (out): cleared by the caller when the status is %BK_FRAME_WHOLE
 *
 * After %BK_FRAME_BROKEN nobody knows where the next frame begins: the reader stays broken.
 *
 * Errors: %BK_ERROR_USAGE with %BK_FRAME_BROKEN.
 */
BkFrameStatus
bk_frame_reader_next (BkFrameReader *reader, BkFrame *frame, GError **error)
{
  gsize digits = 0;
  gsize length_bytes = 0;

  if (reader->is_broken)
    return broken (reader, error, _ ("one before was broken"));

  BkFrameStatus status = read_length (reader, &digits, &length_bytes, error);
  if (status != BK_FRAME_WHOLE)
    return status;

  const char *body = (const char *) reader->buffer->data + reader->start + digits + 1;
  gsize available = reader->buffer->len - reader->start - digits - 1;
  const char *newline = memchr (body, '\n', MIN (available, length_bytes));

  /* Said as soon as it is known: a peer may wait for the answer before it sends the rest. */
  if (newline == NULL && available > BK_FRAME_CHANNEL_MAX_BYTES)
    return broken (reader, error, _ ("its channel is not one"));
  if (newline == NULL && available >= length_bytes)
    return broken (reader, error, _ ("no newline ends its channel"));
  if (newline != NULL && !is_channel (body, (gsize) (newline - body)))
    return broken (reader, error, _ ("its channel is not one"));
  if (available < length_bytes)
    return BK_FRAME_NONE;

  gsize channel_bytes = (gsize) (newline - body);
  frame->channel = g_strndup (body, channel_bytes);
  frame->payload = g_bytes_new (newline + 1, length_bytes - channel_bytes - 1);
  reader->start += digits + 1 + length_bytes;
  return BK_FRAME_WHOLE;
}

/* The memory of a large frame that was sent last. Whoever sends a stream takes it for the next one:
 * fresh memory of that size is the kernel's each time, page by page, which costs more than filling it. */
#define LARGE_BYTES                                                                                \
  (BK_FRAME_PAYLOAD_BYTES + LENGTH_MAX_DIGITS + 1 + BK_FRAME_CHANNEL_MAX_BYTES + 1)
static gpointer spare;

static gpointer
take_large (void)
{
  gpointer memory = g_atomic_pointer_get (&spare);

  if (memory != NULL && g_atomic_pointer_compare_and_exchange (&spare, memory, NULL))
    return memory;
  return g_malloc (LARGE_BYTES);
}

static void
give_large (gpointer memory)
{
  if (!g_atomic_pointer_compare_and_exchange (&spare, NULL, memory))
    g_free (memory);
}

/* Room for the length, the channel and a newline after each. */
static gsize
head_max_bytes (const char *channel)
{
  return LENGTH_MAX_DIGITS + 1 + strlen (channel) + 1;
}

/**
 * bk_frame_draft_init:
 * @draft: (out): cleared by the caller, finished or not
 * @channel: "" for a control message; outlives the draft
 * @payload_max_bytes: for how much there is room at @draft->payload
 */
void
bk_frame_draft_init (BkFrameDraft *draft, const char *channel, gsize payload_max_bytes)
{
  gsize head_bytes = head_max_bytes (channel);

  draft->is_large =
      payload_max_bytes == BK_FRAME_PAYLOAD_BYTES && head_bytes + payload_max_bytes <= LARGE_BYTES;
  draft->memory = draft->is_large ? take_large () : g_malloc (head_bytes + payload_max_bytes);
  draft->payload = draft->memory + head_bytes;
  draft->channel = channel;
}

/**
 * bk_frame_draft_finish:
 * @length_bytes: of the payload that was put in place
 *
 * Returns: (transfer full): the bytes of the frame; @draft is empty.
 */
GBytes *
bk_frame_draft_finish (BkFrameDraft *draft, gsize length_bytes)
{
  g_autofree char *head =
      g_strdup_printf ("%" G_GSIZE_FORMAT "\n%s\n", strlen (draft->channel) + 1 + length_bytes,
                       draft->channel);
  gsize head_bytes = strlen (head);
  guint8 *memory = g_steal_pointer (&draft->memory);
  guint8 *begin = draft->payload - head_bytes;

  g_assert (head_bytes <= head_max_bytes (draft->channel));
  memcpy (begin, head, head_bytes);
  return g_bytes_new_with_free_func (begin, head_bytes + length_bytes,
                                     draft->is_large ? give_large : g_free, memory);
}

void
bk_frame_draft_clear (BkFrameDraft *draft)
{
  g_clear_pointer (&draft->memory, draft->is_large ? give_large : g_free);
}

/**
 * bk_frame_encode:
 * @channel: "" for a control message
 *
 * Returns: (transfer full): the bytes of one frame.
 */
GBytes *
bk_frame_encode (const char *channel, const void *payload, gsize length_bytes)
{
  g_auto (BkFrameDraft) draft = { 0 };

  bk_frame_draft_init (&draft, channel, length_bytes);
  if (length_bytes > 0)
    memcpy (draft.payload, payload, length_bytes);
  return bk_frame_draft_finish (&draft, length_bytes);
}
