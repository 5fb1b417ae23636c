#include "cockpit/frames.h"

#include "base/error.h"

#include <string.h>

#define TEXT(s) s, sizeof (s) - 1

/* What the reader makes of bytes: "channel:payload " for each frame, then how it ended. */
static char *
read_in_pieces (const char *bytes, gsize length_bytes, gsize piece_bytes)
{
  g_autoptr (BkFrameReader) reader = bk_frame_reader_new (BK_FRAME_MAX_BYTES);
  GString *found = g_string_new (NULL);
  BkFrameStatus status = BK_FRAME_NONE;

  for (gsize at = 0; at < length_bytes && status != BK_FRAME_BROKEN; at += piece_bytes)
    {
      g_autoptr (GError) error = NULL;

      bk_frame_reader_push (reader, bytes + at, MIN (piece_bytes, length_bytes - at));
      while (TRUE)
        {
          g_auto (BkFrame) frame = { 0 };

          status = bk_frame_reader_next (reader, &frame, &error);
          if (status != BK_FRAME_WHOLE)
            break;
          g_string_append_printf (found, "%s:", frame.channel);
          g_string_append_len (found, g_bytes_get_data (frame.payload, NULL),
                               (gssize) g_bytes_get_size (frame.payload));
          g_string_append_c (found, ' ');
        }
      if (status == BK_FRAME_BROKEN)
        {
          g_assert_error (error, BK_ERROR, BK_ERROR_USAGE);
          g_string_append (found, "broken");
        }
      else
        g_assert_no_error (error);
    }
  if (status == BK_FRAME_NONE && !bk_frame_reader_is_empty (reader))
    g_string_append (found, "more");
  return g_string_free (found, FALSE);
}

static void
test_read (void)
{
  static const struct
  {
    const char *bytes;
    gsize length_bytes;
    const char *found;
  } cases[] = {
    { TEXT (""), "" },
    { TEXT ("4\na\nbc"), "a:bc " },
    { TEXT ("3\n\n{}"), ":{} " },
    { TEXT ("1\n\n"), ": " },
    { TEXT ("2\na\n"), "a: " },
    { TEXT ("3\n1\nx4\n1\nyz"), "1:x 1:yz " },
    { TEXT ("5\na\nb\nc"), "a:b\nc " },
    { TEXT ("10\na\n12345678"), "a:12345678 " },
    { TEXT ("4\n\xc3\xbc\nx"), "ü:x " },
    { TEXT ("4"), "more" },
    { TEXT ("4\n"), "more" },
    { TEXT ("4\na"), "more" },
    { TEXT ("4\na\nb"), "more" },
    { TEXT ("3\n1\nx4\n1\ny"), "1:x more" },
    { TEXT ("131072\n"), "more" },
    { TEXT ("131073\n"), "broken" },
    { TEXT ("12345678"), "broken" },
    { TEXT ("\n"), "broken" },
    { TEXT ("0\n"), "broken" },
    { TEXT ("04\na\nbc"), "broken" },
    { TEXT ("-4\na\nbc"), "broken" },
    { TEXT ("+4\na\nbc"), "broken" },
    { TEXT (" 4\na\nbc"), "broken" },
    { TEXT ("4 \na\nbc"), "broken" },
    { TEXT ("4\r\na\nbc"), "broken" },
    { TEXT ("0x4\na\nbc"), "broken" },
    { TEXT ("\x00\na\nbc"), "broken" },
    { TEXT ("GET / HTTP/1.1\r\n"), "broken" },
    { TEXT ("4\nabcd"), "broken" },
    { TEXT ("4\n\xff\nbc"), "broken" },
    { TEXT ("4\n\x00\nbc"), "broken" },
    { TEXT ("4\n\t\nbc"), "broken" },
    { TEXT ("3\n1\nxx"), "1:x broken" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (gsize piece_bytes = 1; piece_bytes <= 4; piece_bytes++)
        {
          g_autofree char *found =
              read_in_pieces (cases[i].bytes, cases[i].length_bytes, piece_bytes);

          g_test_message ("case %u in pieces of %" G_GSIZE_FORMAT, i, piece_bytes);
          g_assert_cmpstr (found, ==, cases[i].found);
        }
    }
}

static void
test_longest (void)
{
  g_autofree char *payload = g_strnfill (BK_FRAME_MAX_BYTES - 2, 'x');
  g_autofree char *largest = g_strdup_printf ("%d\na\n%s", BK_FRAME_MAX_BYTES, payload);
  g_autofree char *largest_found = g_strdup_printf ("a:%s ", payload);
  g_autofree char *found = read_in_pieces (largest, strlen (largest), 5000);
  g_autofree char *channel = g_strnfill (BK_FRAME_CHANNEL_MAX_BYTES, 'c');
  g_autofree char *longest = g_strdup_printf ("%d\n%s\n", BK_FRAME_CHANNEL_MAX_BYTES + 1, channel);
  g_autofree char *longest_found = g_strdup_printf ("%s: ", channel);
  g_autofree char *channel_found = read_in_pieces (longest, strlen (longest), 7);
  g_autofree char *too_long =
      g_strdup_printf ("%d\nc%s\n", BK_FRAME_CHANNEL_MAX_BYTES + 2, channel);
  g_autofree char *too_long_found = read_in_pieces (too_long, strlen (too_long), 7);
  g_autofree char *endless_found = read_in_pieces (payload, strlen (payload), 7);

  g_assert_cmpstr (found, ==, largest_found);
  g_assert_cmpstr (channel_found, ==, longest_found);
  g_assert_cmpstr (too_long_found, ==, "broken");
  g_assert_cmpstr (endless_found, ==, "broken");
}

static void
test_stays_broken (void)
{
  g_autoptr (BkFrameReader) reader = bk_frame_reader_new (BK_FRAME_MAX_BYTES);
  g_auto (BkFrame) frame = { 0 };

  bk_frame_reader_push (reader, TEXT ("x\n"));
  g_assert_cmpint (bk_frame_reader_next (reader, &frame, NULL), ==, BK_FRAME_BROKEN);
  bk_frame_reader_push (reader, TEXT ("4\na\nbc"));
  g_assert_cmpint (bk_frame_reader_next (reader, &frame, NULL), ==, BK_FRAME_BROKEN);
}

static void
test_encode (void)
{
  static const struct
  {
    const char *channel;
    const char *payload;
    gsize length_bytes;
    const char *frame;
    gsize frame_bytes;
  } cases[] = {
    { "a", TEXT ("bc"), TEXT ("4\na\nbc") },
    { "", TEXT ("{}"), TEXT ("3\n\n{}") },
    { "1:2", TEXT (""), TEXT ("4\n1:2\n") },
    { "a", TEXT ("\x00\xff"), TEXT ("4\na\n\x00\xff") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) frame =
          bk_frame_encode (cases[i].channel, cases[i].payload, cases[i].length_bytes);

      g_assert_cmpmem (g_bytes_get_data (frame, NULL), g_bytes_get_size (frame), cases[i].frame,
                       cases[i].frame_bytes);
    }
}

/* Room for the longest payload is taken; what is put there in the end may be shorter. */
static void
test_draft (void)
{
  const gsize lengths[] = { 0, 1, 5, 6, 9999990, 9999995 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_auto (BkFrameDraft) draft = { 0 };
      g_autoptr (GBytes) frame = NULL;
      g_autofree char *head = g_strdup_printf ("%" G_GSIZE_FORMAT "\n1:2\n", lengths[i] + 4);
      gsize frame_bytes;

      bk_frame_draft_init (&draft, "1:2", 9999995);
      memset (draft.payload, 'x', lengths[i]);
      frame = bk_frame_draft_finish (&draft, lengths[i]);
      const char *bytes = g_bytes_get_data (frame, &frame_bytes);
      g_assert_cmpuint (frame_bytes, ==, strlen (head) + lengths[i]);
      g_assert_cmpmem (bytes, strlen (head), head, strlen (head));
      g_assert_true (lengths[i] == 0 || bytes[frame_bytes - 1] == 'x');
    }
}

/* Their memory is used again, but never while a frame still lies in it. */
static void
test_large_drafts (void)
{
  g_autoptr (GPtrArray) frames = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autofree char *long_channel = g_strnfill (2 * BK_FRAME_CHANNEL_MAX_BYTES, 'c');

  for (guint i = 0; i < 40; i++)
    {
      g_auto (BkFrameDraft) draft = { 0 };
      g_auto (BkFrameDraft) unused = { 0 };

      bk_frame_draft_init (&draft, i % 7 == 0 ? long_channel : "1:2", BK_FRAME_PAYLOAD_BYTES);
      bk_frame_draft_init (&unused, "1:2", BK_FRAME_PAYLOAD_BYTES);
      memset (draft.payload, (int) i, BK_FRAME_PAYLOAD_BYTES);
      memset (unused.payload, 0xff, BK_FRAME_PAYLOAD_BYTES);
      g_ptr_array_add (frames, bk_frame_draft_finish (&draft, BK_FRAME_PAYLOAD_BYTES));
      if (i % 3 == 2)
        g_ptr_array_remove_index (frames, 0);
    }
  for (guint i = 0; i < frames->len; i++)
    {
      gsize frame_bytes;
      const guint8 *bytes = g_bytes_get_data (g_ptr_array_index (frames, i), &frame_bytes);
      const guint8 *payload = bytes + frame_bytes - BK_FRAME_PAYLOAD_BYTES;

      g_assert_cmpuint (payload[0], ==, 40 - frames->len + i);
      g_assert_cmpmem (payload, BK_FRAME_PAYLOAD_BYTES - 1, payload + 1,
                       BK_FRAME_PAYLOAD_BYTES - 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cockpit/frames/read", test_read);
  g_test_add_func ("/cockpit/frames/longest", test_longest);
  g_test_add_func ("/cockpit/frames/stays-broken", test_stays_broken);
  g_test_add_func ("/cockpit/frames/encode", test_encode);
  g_test_add_func ("/cockpit/frames/draft", test_draft);
  g_test_add_func ("/cockpit/frames/large-drafts", test_large_drafts);
  return g_test_run ();
}
