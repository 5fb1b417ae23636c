#pragma once

#include <gio/gio.h>

/*
 * Frames, as Cockpit sends them between a bridge and its peers:
 *
 *   frame   = length "\n" channel "\n" payload
 *   length  = decimal digits without a leading zero: the bytes of channel, "\n" and payload
 *   channel = empty for a control message, else an id that the peer made up
 *
 * Source: Cockpit's doc/protocol.md. What comes in is hostile until checked.
 */

/* Cockpit keeps frames towards a bridge below this. */
#define BK_FRAME_MAX_BYTES (128 * 1024)
#define BK_FRAME_CHANNEL_MAX_BYTES 256

/* What we put into one frame of a stream of bytes. Cockpit's bridges and cockpit-ws take frames of
 * up to 8 digits, and each frame costs them, and the browser, far more than its bytes do; but where
 * many streams run at once, what each of them holds must stay small. */
#define BK_FRAME_PAYLOAD_BYTES (256 * 1024)
#define BK_FRAME_SMALL_PAYLOAD_BYTES (64 * 1024)

/* A JSON object is one frame, however long; Cockpit passes on what is larger than the above too
 * (5 MB were measured). Beyond this an operation has to send items. */
#define BK_FRAME_JSON_MAX_BYTES (8 * 1024 * 1024)

/* So what comes from a bridge is below this. */
#define BK_FRAME_ANSWER_MAX_BYTES (BK_FRAME_JSON_MAX_BYTES + BK_FRAME_CHANNEL_MAX_BYTES + 2)

typedef struct
{
  char *channel; /* "" for a control message */
  GBytes *payload;
} BkFrame;

/* A frame that is being made: its payload is put where it is sent from. */
typedef struct
{
  guint8 *memory; /* (nullable) */
  gboolean is_large;
  guint8 *payload;
  const char *channel; /* borrowed */
} BkFrameDraft;

typedef enum
{
  BK_FRAME_NONE, /* more bytes are needed */
  BK_FRAME_WHOLE,
  BK_FRAME_BROKEN, /* and everything after it */
} BkFrameStatus;

typedef struct _BkFrameReader BkFrameReader;

BkFrameReader *bk_frame_reader_new (gsize max_bytes);
void bk_frame_reader_free (BkFrameReader *reader);
void bk_frame_reader_push (BkFrameReader *reader, const void *data, gsize length_bytes);
BkFrameStatus bk_frame_reader_next (BkFrameReader *reader, BkFrame *frame, GError **error);
gboolean bk_frame_reader_is_empty (const BkFrameReader *reader);

void bk_frame_clear (BkFrame *frame);
void bk_frame_draft_init (BkFrameDraft *draft, const char *channel, gsize payload_max_bytes);
GBytes *bk_frame_draft_finish (BkFrameDraft *draft, gsize length_bytes);
void bk_frame_draft_clear (BkFrameDraft *draft);
GBytes *bk_frame_encode (const char *channel, const void *payload, gsize length_bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkFrameReader, bk_frame_reader_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkFrame, bk_frame_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkFrameDraft, bk_frame_draft_clear)
