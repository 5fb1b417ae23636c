#include "store/archive/gzip-ring.h"

#include "base/buffer.h"
#include "base/thread.h"
#include "store/archive/gzip-packer.h"
#include "store/archive/gzip-stored.h"

#include <isa-l/crc.h>
#include <string.h>

#define PIECE_BYTES (256 * 1024)
#define WORKERS_MAX_COUNT 4
#define PIECES_COUNT 16

/* A writer who waits for room is woken when there is so much: waking it for each piece costs more
 * than the pieces do where the processors are busy. */
#define ROOM_LEAST_COUNT 4

/* RFC 1952: no name and no time, so that the same bytes give the same file; an unknown system. */
static const guint8 gzip_head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };

/* RFC 1951: an empty last block; CRC-32 and length follow it. */
#define TAIL_BYTES (2 + 8)

typedef struct
{
  BkBuffer *plain;
  gsize plain_bytes;
  gboolean is_stored; /* the reader takes it from @plain */
  guint8 *packed;
  gsize packed_bytes;
  gboolean is_packed;
} Piece;

/* Pieces have numbers that only grow: taken ≤ claimed ≤ filled ≤ taken + PIECES_COUNT. Those from
 * claimed on wait for somebody to compress them, unless they are stored; the one at claimed is not.
 * Each piece is one thread's at a time. */
struct _BkGzipRing
{
  Piece pieces[PIECES_COUNT];
  GThread *workers[WORKERS_MAX_COUNT];
  guint workers_count;

  GMutex mutex;
  GCond work;    /* for who compresses: there is a piece, or it is over */
  GCond room;    /* for the writer: there is some, or it is over */
  GCond changed; /* for the reader: a piece has come, or is packed, or it is over */
  guint64 taken;
  guint64 claimed;
  guint64 filled;
  gboolean has_ended; /* nothing more is written */
  gboolean is_stopped;
  GError *failure; /* (nullable): what the writer ended with */

  /* The writer's alone, until has_ended. */
  gsize filling_bytes; /* of the piece after those that are filled */
  guint32 crc;
  guint32 plain_bytes; /* modulo 2³², as gzip wants it */

  /* The reader's alone. */
  BkGzipPacker *packer;
  gsize copied_bytes; /* of the head, then of the piece that is taken next, then of the tail */
  gboolean is_head_copied;
};

static Piece *
piece_of (BkGzipRing *ring, guint64 number)
{
  return &ring->pieces[number % PIECES_COUNT];
}

/* With the mutex held. */
static void
pass_stored (BkGzipRing *ring)
{
  while (ring->claimed < ring->filled && piece_of (ring, ring->claimed)->is_stored)
    ring->claimed++;
}

/* With the mutex held; it is released meanwhile. */
static void
pack_next (BkGzipRing *ring, BkGzipPacker *packer)
{
  Piece *piece = piece_of (ring, ring->claimed++);

  pass_stored (ring);
  g_mutex_unlock (&ring->mutex);
  piece->packed_bytes = bk_gzip_packer_pack (packer, piece->plain, piece->plain_bytes,
                                             piece->packed, bk_gzip_packed_max_bytes (PIECE_BYTES));
  g_mutex_lock (&ring->mutex);
  piece->is_packed = TRUE;
  g_cond_signal (&ring->changed);
}

static gpointer
work (gpointer user_data)
{
  BkGzipRing *ring = user_data;
  g_autoptr (BkGzipPacker) packer = bk_gzip_packer_new ();

  g_mutex_lock (&ring->mutex);
  while (!ring->is_stopped)
    {
      if (ring->claimed < ring->filled)
        pack_next (ring, packer);
      else
        g_cond_wait (&ring->work, &ring->mutex);
    }
  g_mutex_unlock (&ring->mutex);
  return NULL;
}

/**
 * bk_gzip_ring_new:
 *
 * Returns: (transfer full): an empty ring, and its threads.
 */
BkGzipRing *
bk_gzip_ring_new (void)
{
  BkGzipRing *self = g_new0 (BkGzipRing, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->work);
  g_cond_init (&self->room);
  g_cond_init (&self->changed);
  for (guint i = 0; i < PIECES_COUNT; i++)
    {
      self->pieces[i].plain = bk_buffer_new (PIECE_BYTES);
      self->pieces[i].packed = g_malloc (bk_gzip_packed_max_bytes (PIECE_BYTES));
    }
  self->packer = bk_gzip_packer_new ();
  /* The writer and the reader work too. */
  self->workers_count = CLAMP (g_get_num_processors (), 2, WORKERS_MAX_COUNT + 1) - 1;
  for (guint i = 0; i < self->workers_count; i++)
    self->workers[i] = bk_thread_new ("gzip", work, self);
  return self;
}

/**
 * bk_gzip_ring_free:
 *
 * Neither the writer nor the reader may be in a call any more.
 */
void
bk_gzip_ring_free (BkGzipRing *ring)
{
  bk_gzip_ring_stop (ring);
  for (guint i = 0; i < ring->workers_count; i++)
    g_thread_join (ring->workers[i]);
  for (guint i = 0; i < PIECES_COUNT; i++)
    {
      bk_buffer_free (ring->pieces[i].plain);
      g_free (ring->pieces[i].packed);
    }
  bk_gzip_packer_free (ring->packer);
  g_clear_error (&ring->failure);
  g_mutex_clear (&ring->mutex);
  g_cond_clear (&ring->work);
  g_cond_clear (&ring->room);
  g_cond_clear (&ring->changed);
  g_free (ring);
}

/* Until the piece that is filled next is not the reader's any more. */
static gboolean
wait_for_room (BkGzipRing *ring)
{
  g_mutex_lock (&ring->mutex);
  while (ring->filled - ring->taken == PIECES_COUNT && !ring->is_stopped)
    g_cond_wait (&ring->room, &ring->mutex);
  gboolean goes_on = !ring->is_stopped;
  g_mutex_unlock (&ring->mutex);
  return goes_on;
}

static void
push (BkGzipRing *ring)
{
  Piece *piece = piece_of (ring, ring->filled);

  piece->plain_bytes = ring->filling_bytes;
  piece->is_stored = !bk_gzip_is_worth_compressing (piece->plain, piece->plain_bytes);
  g_mutex_lock (&ring->mutex);
  piece->is_packed = piece->is_stored;
  ring->filled++;
  pass_stored (ring);
  g_cond_signal (&ring->changed);
  if (!piece->is_stored)
    g_cond_signal (&ring->work);
  g_mutex_unlock (&ring->mutex);
  ring->filling_bytes = 0;
}

/**
 * bk_gzip_ring_room:
 * @room_bytes: (out): how many bytes; at least one
 *
 * Waits while the ring is full.
 *
 * Returns: (transfer none) (nullable): where bytes can be put before they are written, which saves
 *   bk_gzip_ring_write() copying them; they are the writer's until then. %NULL when
 *   bk_gzip_ring_stop() was called.
 */
guint8 *
bk_gzip_ring_room (BkGzipRing *ring, gsize *room_bytes)
{
  if (ring->filling_bytes == 0 && !wait_for_room (ring))
    return NULL;
  *room_bytes = PIECE_BYTES - ring->filling_bytes;
  return piece_of (ring, ring->filled)->plain + ring->filling_bytes; /* only this thread moves it */
}

/**
 * bk_gzip_ring_write:
 * @data: anywhere, or what bk_gzip_ring_room() gave
 *
 * Waits while the ring is full.
 *
 * Returns: %FALSE when bk_gzip_ring_stop() was called.
 */
gboolean
bk_gzip_ring_write (BkGzipRing *ring, const void *data, gsize length_bytes)
{
  const guint8 *at = data;

  while (length_bytes > 0)
    {
      gsize room_bytes = 0;
      guint8 *room = bk_gzip_ring_room (ring, &room_bytes);

      if (room == NULL)
        return FALSE;
      gsize step_bytes = MIN (length_bytes, room_bytes);
      if (at != room)
        memcpy (room, at, step_bytes);
      ring->crc = crc32_gzip_refl (ring->crc, at, step_bytes);
      ring->plain_bytes += (guint32) step_bytes;
      ring->filling_bytes += step_bytes;
      at += step_bytes;
      length_bytes -= step_bytes;
      if (ring->filling_bytes == PIECE_BYTES)
        push (ring);
    }
  return TRUE;
}

/**
 * bk_gzip_ring_end:
 * @failure: (nullable): what reading fails with after what was written; else it ends well
 */
void
bk_gzip_ring_end (BkGzipRing *ring, const GError *failure)
{
  if (ring->filling_bytes > 0)
    push (ring);
  g_mutex_lock (&ring->mutex);
  ring->has_ended = TRUE;
  ring->failure = failure == NULL ? NULL : g_error_copy (failure);
  g_cond_signal (&ring->changed);
  g_mutex_unlock (&ring->mutex);
}

/**
 * bk_gzip_ring_stop:
 *
 * Has everyone who waits for the ring go on; the writer is told so.
 */
void
bk_gzip_ring_stop (BkGzipRing *ring)
{
  g_mutex_lock (&ring->mutex);
  ring->is_stopped = TRUE;
  g_cond_broadcast (&ring->work);
  g_cond_signal (&ring->room);
  g_cond_signal (&ring->changed);
  g_mutex_unlock (&ring->mutex);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  BkGzipRing *ring = user_data;

  g_mutex_lock (&ring->mutex);
  g_cond_signal (&ring->changed);
  g_mutex_unlock (&ring->mutex);
}

typedef enum
{
  RING_HAS_PIECE,
  RING_AT_END,
  RING_HAS_NOTHING, /* yet, or ever */
} RingState;

/* With the mutex held. Compresses what nobody has begun with, in order to have the next piece. */
static RingState
look (BkGzipRing *ring, gboolean can_wait, GCancellable *cancellable)
{
  while (!g_cancellable_is_cancelled (cancellable))
    {
      if (ring->taken < ring->filled && piece_of (ring, ring->taken)->is_packed)
        return RING_HAS_PIECE;
      if (ring->taken == ring->filled && ring->has_ended)
        return ring->failure == NULL ? RING_AT_END : RING_HAS_NOTHING;
      if (ring->claimed < ring->filled)
        pack_next (ring, ring->packer);
      else if (!can_wait)
        return RING_HAS_NOTHING;
      else
        g_cond_wait (&ring->changed, &ring->mutex);
    }
  return RING_HAS_NOTHING;
}

static gsize
copy_some (BkGzipRing *ring, const guint8 *from, gsize from_bytes, guint8 *to, gsize to_bytes)
{
  gsize step_bytes = MIN (from_bytes - ring->copied_bytes, to_bytes);

  memcpy (to, from + ring->copied_bytes, step_bytes);
  ring->copied_bytes += step_bytes;
  return step_bytes;
}

static gsize
copy_head (BkGzipRing *ring, guint8 *to, gsize to_bytes)
{
  gsize n = copy_some (ring, gzip_head, sizeof gzip_head, to, to_bytes);

  if (ring->copied_bytes == sizeof gzip_head)
    {
      ring->is_head_copied = TRUE;
      ring->copied_bytes = 0;
    }
  return n;
}

static gsize
copy_piece (BkGzipRing *ring, guint8 *to, gsize to_bytes)
{
  Piece *piece = piece_of (ring, ring->taken);
  gsize n;

  if (piece->is_stored)
    {
      n = bk_gzip_stored_copy (piece->plain, piece->plain_bytes, ring->copied_bytes, to, to_bytes);
      ring->copied_bytes += n;
    }
  else
    n = copy_some (ring, piece->packed, piece->packed_bytes, to, to_bytes);
  if (ring->copied_bytes <
      (piece->is_stored ? bk_gzip_stored_bytes (piece->plain_bytes) : piece->packed_bytes))
    return n;
  ring->copied_bytes = 0;
  piece->is_packed = FALSE;
  g_mutex_lock (&ring->mutex);
  ring->taken++;
  if (ring->filled - ring->taken <= PIECES_COUNT - ROOM_LEAST_COUNT)
    g_cond_signal (&ring->room);
  g_mutex_unlock (&ring->mutex);
  return n;
}

static gsize
copy_tail (BkGzipRing *ring, guint8 *to, gsize to_bytes)
{
  guint8 tail[TAIL_BYTES] = { 0x03, 0x00 };

  for (guint i = 0; i < 4; i++)
    {
      tail[2 + i] = (guint8) (ring->crc >> (8 * i));
      tail[6 + i] = (guint8) (ring->plain_bytes >> (8 * i));
    }
  return copy_some (ring, tail, sizeof tail, to, to_bytes);
}

static gssize
fail (BkGzipRing *ring, GCancellable *cancellable, GError **error)
{
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_propagate_error (error, g_error_copy (ring->failure));
  return -1;
}

/**
 * bk_gzip_ring_read:
 *
 * Waits until there is something; then gives what there is without waiting for more. Nothing is
 * given before the first piece is there: what fails at once has no bytes.
 *
 * Errors: cancellation, and what bk_gzip_ring_end() was given: the member has no end then.
 *
 * Returns: bytes put into @buffer, 0 at the end, -1 on error.
 */
gssize
bk_gzip_ring_read (
    BkGzipRing *ring, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  guint8 *to = buffer;
  gsize total_bytes = 0;
  RingState state = RING_HAS_PIECE;
  gulong handler = cancellable == NULL
                       ? 0
                       : g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), ring, NULL);

  while (total_bytes < count && state == RING_HAS_PIECE)
    {
      g_mutex_lock (&ring->mutex);
      state = look (ring, total_bytes == 0, cancellable);
      g_mutex_unlock (&ring->mutex);
      if (state != RING_HAS_NOTHING && !ring->is_head_copied)
        total_bytes += copy_head (ring, to + total_bytes, count - total_bytes);
      if (state == RING_HAS_PIECE && ring->is_head_copied)
        total_bytes += copy_piece (ring, to + total_bytes, count - total_bytes);
      else if (state == RING_AT_END && ring->is_head_copied)
        total_bytes += copy_tail (ring, to + total_bytes, count - total_bytes);
    }
  g_cancellable_disconnect (cancellable, handler);
  if (total_bytes == 0 && state == RING_HAS_NOTHING)
    return fail (ring, cancellable, error);
  return (gssize) total_bytes;
}
