/*
 * The thread that adds cuts what comes into pieces of about one frame. Workers read, pack and
 * compress pieces side by side: nearly all the cost of small files is opening and reading them, so
 * that, and not the compressor alone, must run on every processor. The adding thread takes the
 * finished pieces in their order, writes them, digests them and reports what became of the inputs.
 * Memory is bounded by the number of pieces under way.
 */
#include "store/tree/archive.h"

#include "base/error.h"
#include "base/thread.h"
#include "model/tree-path.h"
#include "store/tree/archive-file.h"
#include "store/tree/piece.h"

#include <sys/stat.h>

#define THREADS_MAX 8

struct _BkTreeArchiveWriter
{
  BkTreeArchiveFile *file;
  BkTreeArchiveOptions options;
  BkTreeArchiveFunc func;
  gpointer user_data;

  GError *error; /* of writing: nothing works after it */

  BkTreePiece *filling;
  char *last_path;      /* of the input before: order is part of the format */
  BkTreePacker *packer; /* for the headers of large files */
  GQueue under_way;     /* of BkTreePiece, in order */
  GPtrArray *spare;     /* of BkTreePiece */

  GMutex mutex;
  GCond work_cond;
  GCond done_cond;
  GQueue work;      /* of BkTreePiece; under mutex */
  gboolean is_over; /* under mutex */
  GPtrArray *threads;
};

static gpointer
worker (gpointer data)
{
  BkTreeArchiveWriter *writer = data;
  g_autoptr (BkTreePacker) packer = bk_tree_packer_new ();
  g_autoptr (BkFrameCodec) codec =
      bk_frame_codec_new (writer->options.compression, writer->options.level);

  g_mutex_lock (&writer->mutex);
  while (!writer->is_over)
    {
      BkTreePiece *piece = g_queue_pop_head (&writer->work);

      if (piece == NULL)
        {
          g_cond_wait (&writer->work_cond, &writer->mutex);
          continue;
        }
      g_mutex_unlock (&writer->mutex);
      bk_tree_piece_work_on (piece, packer, codec);
      g_mutex_lock (&writer->mutex);
      piece->is_done = TRUE;
      g_cond_signal (&writer->done_cond);
    }
  g_mutex_unlock (&writer->mutex);
  return NULL;
}

/* ---- in the adding thread ---- */

static void
report_inputs (BkTreeArchiveWriter *writer, BkTreePiece *piece)
{
  for (guint i = 0; i < piece->inputs->len; i++)
    {
      BkTreePieceInput *input = &g_array_index (piece->inputs, BkTreePieceInput, i);

      if (piece->large != NULL)
        bk_tree_large_get_result (piece->large, &input->result);
      writer->func (input->user_data, &input->result, writer->user_data);
    }
}

/* Waits for the oldest piece under way, writes it and reports. */
static gboolean
take_piece (BkTreeArchiveWriter *writer)
{
  BkTreePiece *piece = g_queue_pop_head (&writer->under_way);

  g_mutex_lock (&writer->mutex);
  while (!piece->is_done)
    g_cond_wait (&writer->done_cond, &writer->mutex);
  g_mutex_unlock (&writer->mutex);

  gboolean written = piece->plain_bytes == 0 ||
                     bk_tree_archive_file_write_frame (writer->file, piece->frame,
                                                       piece->plain_bytes, &writer->error);
  if (written)
    report_inputs (writer, piece);
  bk_tree_piece_reset (piece);
  g_ptr_array_add (writer->spare, piece);
  return written;
}

/* Hands the piece that is being filled to the workers; waits while too many are under way. */
static gboolean
submit (BkTreeArchiveWriter *writer)
{
  BkTreePiece *piece = g_steal_pointer (&writer->filling);
  guint under_way_max = writer->options.threads_count + 2;

  if (piece == NULL)
    return TRUE;

  g_queue_push_tail (&writer->under_way, piece);
  g_mutex_lock (&writer->mutex);
  g_queue_push_tail (&writer->work, piece);
  g_cond_signal (&writer->work_cond);
  g_mutex_unlock (&writer->mutex);

  while (writer->under_way.length >= under_way_max)
    {
      if (!take_piece (writer))
        return FALSE;
    }
  return TRUE;
}

static BkTreePiece *
start_piece (BkTreeArchiveWriter *writer)
{
  if (writer->filling == NULL)
    writer->filling = writer->spare->len > 0
                          ? g_ptr_array_steal_index_fast (writer->spare, writer->spare->len - 1)
                          : bk_tree_piece_new ();
  return writer->filling;
}

static gboolean
check_usable (BkTreeArchiveWriter *writer, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (writer->error != NULL)
    {
      g_propagate_error (error, g_error_copy (writer->error));
      return FALSE;
    }
  return TRUE;
}

static gboolean
fail (BkTreeArchiveWriter *writer, GError **error)
{
  g_propagate_error (error, g_error_copy (writer->error));
  return FALSE;
}

/**
 * bk_tree_compression_suffix:
 *
 * Returns: (transfer none): how the names of such archives end, without a dot before it.
 */
const char *
bk_tree_compression_suffix (BkTreeCompression compression)
{
  return compression == BK_TREE_COMPRESSION_GZIP ? "tar.gz" : "tar.zst";
}

/**
 * bk_tree_archive_writer_new:
 * @dirfd: the directory the archive gets into; it must stay open while the writer lives
 * @name: the name there, once it is finished
 * @func: told what became of each input
 *
 * Until bk_tree_archive_writer_finish() the archive has a temporary name; a writer that is freed
 * before removes it.
 *
 * Returns: (transfer full) (nullable): the writer.
 */
BkTreeArchiveWriter *
bk_tree_archive_writer_new (int dirfd,
                            const char *name,
                            const BkTreeArchiveOptions *options,
                            BkTreeArchiveFunc func,
                            gpointer user_data,
                            GError **error)
{
  BkTreeArchiveFile *file =
      bk_tree_archive_file_new (dirfd, name, options->compression, options->level, error);

  if (file == NULL)
    return NULL;

  BkTreeArchiveWriter *self = g_new0 (BkTreeArchiveWriter, 1);
  self->file = file;
  self->options = *options;
  if (self->options.threads_count == 0)
    self->options.threads_count = CLAMP (g_get_num_processors (), 1, THREADS_MAX);
  self->func = func;
  self->user_data = user_data;
  self->packer = bk_tree_packer_new ();
  self->spare = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_tree_piece_free);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->work_cond);
  g_cond_init (&self->done_cond);
  self->threads = g_ptr_array_new ();
  for (guint i = 0; i < self->options.threads_count; i++)
    g_ptr_array_add (self->threads, bk_thread_new ("tree-archive", worker, self));
  return self;
}

static gboolean
add_small (BkTreeArchiveWriter *writer, const BkTreeArchiveInput *input)
{
  BkTreePiece *piece = start_piece (writer);

  return bk_tree_piece_add (piece, input, &writer->error) &&
         (!bk_tree_piece_is_full (piece) || submit (writer));
}

/* One that cannot be archived is reported in its turn, with a piece that has no bytes. */
static gboolean
add_large (BkTreeArchiveWriter *writer, const BkTreeArchiveInput *input, GCancellable *cancellable)
{
  BkTreePieceInput copy = { .mode = input->mode, .user_data = input->user_data };

  if (!submit (writer))
    return FALSE;

  BkTreeLarge *large = bk_tree_large_new (writer->packer, input, &copy.result);
  if (large == NULL)
    {
      BkTreePiece *piece = start_piece (writer);

      g_array_append_val (piece->inputs, copy);
      piece->is_done = TRUE;
      writer->filling = NULL;
      g_queue_push_tail (&writer->under_way, piece);
      return TRUE;
    }

  gboolean ok = TRUE;
  guint segments_count = bk_tree_large_count_segments (large);
  for (guint i = 0; ok && i < segments_count; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, &writer->error))
        ok = FALSE;
      else
        {
          BkTreePiece *piece = start_piece (writer);

          piece->large = bk_tree_large_ref (large);
          piece->segment = i;
          if (i + 1 == segments_count)
            g_array_append_val (piece->inputs, copy);
          ok = submit (writer);
        }
    }
  bk_tree_large_unref (large);
  return ok;
}

/**
 * bk_tree_archive_writer_add:
 * @input: in ascending order of their paths
 *
 * Takes one more thing into the archive, or waits until there is room. It is opened and read later,
 * by a worker. What is wrong with the thing itself is no error here but a #BkTreeArchiveResult.
 *
 * Errors: of writing the archive (%BK_ERROR_NO_SPACE among them) and cancellation. After one, the
 *   writer can only be freed; inputs not reported by then are not reported at all.
 */
gboolean
bk_tree_archive_writer_add (BkTreeArchiveWriter *writer,
                            const BkTreeArchiveInput *input,
                            GCancellable *cancellable,
                            GError **error)
{
  if (!check_usable (writer, cancellable, error))
    return FALSE;
  if (!bk_tree_path_is_valid (input->path) ||
      (writer->last_path != NULL && bk_tree_path_compare (writer->last_path, input->path) >= 0))
    {
      g_autofree char *path = bk_error_one_line (input->path);

      bk_set_error (error, BK_ERROR_FAILED, "“%s” cannot be the next member of the archive “%s”",
                    path, bk_tree_archive_file_get_name (writer->file));
      return FALSE;
    }
  g_free (writer->last_path);
  writer->last_path = g_strdup (input->path);

  gboolean is_large = S_ISREG (input->mode) && input->hardlink_target == NULL &&
                      input->size_bytes >= BK_TREE_LARGE_BYTES;
  return (is_large ? add_large (writer, input, cancellable) : add_small (writer, input)) ||
         fail (writer, error);
}

/**
 * bk_tree_archive_writer_settle:
 *
 * Ends the frame and waits until every input so far has been reported. Costs a frame that is
 * smaller than it could be: for callers that hold back more than they like.
 */
gboolean
bk_tree_archive_writer_settle (BkTreeArchiveWriter *writer,
                               GCancellable *cancellable,
                               GError **error)
{
  if (!check_usable (writer, cancellable, error))
    return FALSE;
  if (!submit (writer))
    return fail (writer, error);
  while (writer->under_way.length > 0)
    {
      if (!take_piece (writer))
        return fail (writer, error);
    }
  return TRUE;
}

/**
 * bk_tree_archive_writer_finish:
 * @size_bytes: (out) (optional): of the file
 * @sha256: (out) (optional) (transfer full): of the file, as 64 hex digits
 *
 * Writes what is left and gives the archive its name, durably. The writer takes no more.
 *
 * Errors: as bk_tree_archive_writer_add().
 */
gboolean
bk_tree_archive_writer_finish (BkTreeArchiveWriter *writer,
                               guint64 *size_bytes,
                               char **sha256,
                               GCancellable *cancellable,
                               GError **error)
{
  if (!bk_tree_archive_writer_settle (writer, cancellable, error))
    return FALSE;
  if (!bk_tree_archive_file_finish (writer->file, sha256, &writer->error))
    return fail (writer, error);
  if (size_bytes != NULL)
    *size_bytes = bk_tree_archive_file_get_bytes (writer->file);
  return TRUE;
}

/**
 * bk_tree_archive_writer_get_bytes:
 *
 * Returns: how much of the archive is written.
 */
guint64
bk_tree_archive_writer_get_bytes (BkTreeArchiveWriter *writer)
{
  return bk_tree_archive_file_get_bytes (writer->file);
}

/**
 * bk_tree_archive_writer_free:
 *
 * Stops the workers; an archive that was not finished is removed.
 */
void
bk_tree_archive_writer_free (BkTreeArchiveWriter *writer)
{
  g_mutex_lock (&writer->mutex);
  writer->is_over = TRUE;
  g_cond_broadcast (&writer->work_cond);
  g_mutex_unlock (&writer->mutex);
  for (guint i = 0; i < writer->threads->len; i++)
    g_thread_join (g_ptr_array_index (writer->threads, i));
  g_ptr_array_unref (writer->threads);
  g_queue_clear (&writer->work);
  g_queue_clear_full (&writer->under_way, (GDestroyNotify) bk_tree_piece_free);
  g_clear_pointer (&writer->filling, bk_tree_piece_free);
  g_ptr_array_unref (writer->spare);

  bk_tree_archive_file_free (writer->file);
  g_mutex_clear (&writer->mutex);
  g_cond_clear (&writer->work_cond);
  g_cond_clear (&writer->done_cond);
  g_clear_pointer (&writer->packer, bk_tree_packer_free);
  g_clear_error (&writer->error);
  g_free (writer->last_path);
  g_free (writer);
}
