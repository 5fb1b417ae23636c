/*
 * The thread that adds cuts what comes into pieces of about one frame. Workers read, pack and
 * compress pieces side by side: nearly all the cost of small files is opening and reading them, so
 * that, and not the compressor alone, must run on every processor. The adding thread takes the
 * finished pieces in their order, writes them, digests them and reports what became of the inputs.
 * Memory is bounded by the number of pieces under way.
 */
#include "store/tree-archive.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/seek-table.h"
#include "model/tree-path.h"
#include "store/frame-codec.h"
#include "store/tree-pack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define THREADS_MAX 8
#define PIECE_INPUTS_MAX 1024
#define PIECE_DIRECTORIES_MAX 64
#define MEMBER_HEADER_BYTES 1536 /* of a plain file: pax header, its body, ustar header */
#define TAR_END_BYTES 1024

/* Written data are handed to the disk while we go on, so that the last fsync has little to do. */
#define FLUSH_BYTES (8 * 1024 * 1024)

typedef struct
{
  guint path, name, hardlink_target; /* where they begin in the piece's text */
  gboolean is_hardlink;
  int dirfd;
  mode_t mode;
  gpointer user_data;
  BkTreeArchiveResult result;
} Input;

typedef struct
{
  GArray *inputs;      /* of Input */
  GByteArray *text;    /* their names, each closed by NUL */
  GArray *directories; /* of int: our own handles */
  guint64 planned_bytes;
  BkTreeLarge *large; /* (nullable) then the piece is one segment of it, and it has an input only
                       * if that is the last */
  guint segment;
  GByteArray *frame;
  gsize plain_bytes;
  gboolean is_done;
} Piece;

struct _BkTreeArchiveWriter
{
  int dirfd;
  int fd;
  char *name;
  char *temporary;
  BkTreeArchiveOptions options;
  BkTreeArchiveFunc func;
  gpointer user_data;

  BkSha256 *sha256;
  BkSeekTableBuilder *table;
  guint64 written_bytes;
  guint64 flushed_bytes;
  GError *error; /* of writing: nothing works after it */

  Piece *filling;
  char *directory;      /* the path whose handle is the last of filling's directories */
  char *last_path;      /* of the input before: order is part of the format */
  BkTreePacker *packer; /* for the headers of large files */
  GQueue under_way;     /* of Piece, in order */
  GPtrArray *spare;     /* of Piece */

  GMutex mutex;
  GCond work_cond;
  GCond done_cond;
  GQueue work;      /* of Piece; under mutex */
  gboolean is_over; /* under mutex */
  GPtrArray *threads;
};

static Piece *
piece_new (void)
{
  Piece *self = g_new0 (Piece, 1);

  self->inputs = g_array_new (FALSE, FALSE, sizeof (Input));
  self->text = g_byte_array_new ();
  self->directories = g_array_new (FALSE, FALSE, sizeof (int));
  self->frame = g_byte_array_new ();
  return self;
}

static void
piece_reset (Piece *piece)
{
  for (guint i = 0; i < piece->directories->len; i++)
    close (g_array_index (piece->directories, int, i));
  g_array_set_size (piece->directories, 0);
  g_array_set_size (piece->inputs, 0);
  g_byte_array_set_size (piece->text, 0);
  g_clear_pointer (&piece->large, bk_tree_large_unref);
  piece->planned_bytes = 0;
  piece->plain_bytes = 0;
  piece->is_done = FALSE;
}

static void
piece_free (gpointer data)
{
  Piece *piece = data;

  piece_reset (piece);
  g_array_unref (piece->inputs);
  g_byte_array_unref (piece->text);
  g_array_unref (piece->directories);
  g_byte_array_unref (piece->frame);
  g_free (piece);
}

static guint
piece_add_text (Piece *piece, const char *text)
{
  guint at = piece->text->len;

  g_byte_array_append (piece->text, (const guint8 *) text, (guint) strlen (text) + 1);
  return at;
}

/* ---- workers ---- */

static void
pack_inputs (BkTreePacker *packer, Piece *piece)
{
  const char *text = (const char *) piece->text->data;

  for (guint i = 0; i < piece->inputs->len; i++)
    {
      Input *input = &g_array_index (piece->inputs, Input, i);

      bk_tree_packer_add (
          packer,
          &(BkTreeArchiveInput){
              .path = text + input->path,
              .dirfd = input->dirfd,
              .name = text + input->name,
              .mode = input->mode,
              .hardlink_target = input->is_hardlink ? text + input->hardlink_target : NULL,
          },
          &input->result);
    }
}

static void
work_on (BkTreePacker *packer, BkFrameCodec *codec, Piece *piece)
{
  bk_tree_packer_reset (packer);
  if (piece->large != NULL)
    bk_tree_packer_add_segment (packer, piece->large, piece->segment);
  else
    pack_inputs (packer, piece);

  const void *plain = bk_tree_packer_get_bytes (packer, &piece->plain_bytes);
  if (piece->plain_bytes > 0)
    bk_frame_codec_compress (codec, plain, piece->plain_bytes, piece->frame);
  else
    g_byte_array_set_size (piece->frame, 0);
}

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
      Piece *piece = g_queue_pop_head (&writer->work);

      if (piece == NULL)
        {
          g_cond_wait (&writer->work_cond, &writer->mutex);
          continue;
        }
      g_mutex_unlock (&writer->mutex);
      work_on (packer, codec, piece);
      g_mutex_lock (&writer->mutex);
      piece->is_done = TRUE;
      g_cond_signal (&writer->done_cond);
    }
  g_mutex_unlock (&writer->mutex);
  return NULL;
}

/* ---- output, in the adding thread ---- */

static gboolean
write_bytes (BkTreeArchiveWriter *writer, const guint8 *data, gsize length_bytes, GError **error)
{
  bk_sha256_update (writer->sha256, data, length_bytes);
  writer->written_bytes += length_bytes;
  while (length_bytes > 0)
    {
      ssize_t n = write (writer->fd, data, length_bytes);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return bk_error_set_errno (error, errno, "Writing the archive “%s” failed", writer->name);
      data += n;
      length_bytes -= (gsize) n;
    }
  if (writer->written_bytes - writer->flushed_bytes >= FLUSH_BYTES)
    {
      sync_file_range (writer->fd, (off_t) writer->flushed_bytes,
                       (off_t) (writer->written_bytes - writer->flushed_bytes),
                       SYNC_FILE_RANGE_WRITE);
      writer->flushed_bytes = writer->written_bytes;
    }
  return TRUE;
}

static gboolean
write_frame (BkTreeArchiveWriter *writer,
             const GByteArray *frame,
             gsize plain_bytes,
             GError **error)
{
  if (writer->options.compression == BK_TREE_COMPRESSION_ZSTD &&
      !bk_seek_table_builder_add (writer->table, frame->len, plain_bytes, error))
    return FALSE;
  return write_bytes (writer, frame->data, frame->len, error);
}

static void
report_inputs (BkTreeArchiveWriter *writer, Piece *piece)
{
  for (guint i = 0; i < piece->inputs->len; i++)
    {
      Input *input = &g_array_index (piece->inputs, Input, i);

      if (piece->large != NULL)
        bk_tree_large_get_result (piece->large, &input->result);
      writer->func (input->user_data, &input->result, writer->user_data);
    }
}

/* Waits for the oldest piece under way, writes it and reports. */
static gboolean
take_piece (BkTreeArchiveWriter *writer)
{
  Piece *piece = g_queue_pop_head (&writer->under_way);

  g_mutex_lock (&writer->mutex);
  while (!piece->is_done)
    g_cond_wait (&writer->done_cond, &writer->mutex);
  g_mutex_unlock (&writer->mutex);

  gboolean written = piece->plain_bytes == 0 ||
                     write_frame (writer, piece->frame, piece->plain_bytes, &writer->error);
  if (written)
    report_inputs (writer, piece);
  piece_reset (piece);
  g_ptr_array_add (writer->spare, piece);
  return written;
}

/* Hands the piece that is being filled to the workers; waits while too many are under way. */
static gboolean
submit (BkTreeArchiveWriter *writer)
{
  Piece *piece = g_steal_pointer (&writer->filling);
  guint under_way_max = writer->options.threads_count + 2;

  g_clear_pointer (&writer->directory, g_free);
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

static Piece *
start_piece (BkTreeArchiveWriter *writer)
{
  if (writer->filling == NULL)
    writer->filling = writer->spare->len > 0
                          ? g_ptr_array_steal_index_fast (writer->spare, writer->spare->len - 1)
                          : piece_new ();
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
  g_autofree char *temporary =
      g_strdup_printf (BK_TEMPORARY_PREFIX "%s-%08x", name, g_random_int ());
  int fd = openat (dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      bk_error_set_errno (error, errno, "The archive “%s” cannot be made", name);
      return NULL;
    }

  BkTreeArchiveWriter *self = g_new0 (BkTreeArchiveWriter, 1);
  self->dirfd = dirfd;
  self->fd = fd;
  self->name = g_strdup (name);
  self->temporary = g_steal_pointer (&temporary);
  self->options = *options;
  if (self->options.threads_count == 0)
    self->options.threads_count = CLAMP (g_get_num_processors (), 1, THREADS_MAX);
  self->func = func;
  self->user_data = user_data;
  self->sha256 = bk_sha256_new ();
  self->table = bk_seek_table_builder_new ();
  self->packer = bk_tree_packer_new ();
  self->spare = g_ptr_array_new_with_free_func (piece_free);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->work_cond);
  g_cond_init (&self->done_cond);
  self->threads = g_ptr_array_new ();
  for (guint i = 0; i < self->options.threads_count; i++)
    g_ptr_array_add (self->threads, g_thread_new ("tree-archive", worker, self));
  return self;
}

/* The adder's directory handle may be closed before a worker gets here; siblings share one of our
 * own. */
static gboolean
hold_directory (BkTreeArchiveWriter *writer, const BkTreeArchiveInput *input, int *dirfd)
{
  Piece *piece = writer->filling;
  const char *slash = strrchr (input->path, '/');
  gsize length_bytes = slash == NULL ? 0 : (gsize) (slash - input->path);

  if (writer->directory == NULL || strlen (writer->directory) != length_bytes ||
      memcmp (writer->directory, input->path, length_bytes) != 0)
    {
      int fd = fcntl (input->dirfd, F_DUPFD_CLOEXEC, 0);

      if (fd < 0)
        return bk_error_set_errno (&writer->error, errno,
                                   "The directory of “%s” cannot be held open", input->path);
      g_array_append_val (piece->directories, fd);
      g_free (writer->directory);
      writer->directory = g_strndup (input->path, length_bytes);
    }
  *dirfd = g_array_index (piece->directories, int, piece->directories->len - 1);
  return TRUE;
}

static gboolean
add_small (BkTreeArchiveWriter *writer, const BkTreeArchiveInput *input)
{
  Piece *piece = start_piece (writer);
  Input copy = { .mode = input->mode,
                 .is_hardlink = input->hardlink_target != NULL,
                 .user_data = input->user_data };

  if (!hold_directory (writer, input, &copy.dirfd))
    return FALSE;
  copy.path = piece_add_text (piece, input->path);
  copy.name = g_str_has_suffix (input->path, input->name)
                  ? copy.path + (guint) (strlen (input->path) - strlen (input->name))
                  : piece_add_text (piece, input->name);
  if (copy.is_hardlink)
    copy.hardlink_target = piece_add_text (piece, input->hardlink_target);
  g_array_append_val (piece->inputs, copy);

  piece->planned_bytes += MEMBER_HEADER_BYTES;
  if (S_ISREG (input->mode) && !copy.is_hardlink)
    piece->planned_bytes += input->size_bytes;
  if (piece->planned_bytes < BK_TREE_FRAME_BYTES && piece->inputs->len < PIECE_INPUTS_MAX &&
      piece->directories->len < PIECE_DIRECTORIES_MAX)
    return TRUE;
  return submit (writer);
}

/* One that cannot be archived is reported in its turn, with a piece that has no bytes. */
static gboolean
add_large (BkTreeArchiveWriter *writer, const BkTreeArchiveInput *input, GCancellable *cancellable)
{
  Input copy = { .mode = input->mode, .user_data = input->user_data };

  if (!submit (writer))
    return FALSE;

  BkTreeLarge *large = bk_tree_large_new (writer->packer, input, &copy.result);
  if (large == NULL)
    {
      Piece *piece = start_piece (writer);

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
          Piece *piece = start_piece (writer);

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

      g_set_error (error, BK_ERROR, BK_ERROR_FAILED,
                   "“%s” cannot be the next member of the archive “%s”", path, writer->name);
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

static gboolean
write_end (BkTreeArchiveWriter *writer, GError **error)
{
  static const guint8 zeros[TAR_END_BYTES];
  g_autoptr (BkFrameCodec) codec =
      bk_frame_codec_new (writer->options.compression, writer->options.level);
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  bk_frame_codec_compress (codec, zeros, sizeof zeros, frame);
  if (!write_frame (writer, frame, sizeof zeros, error))
    return FALSE;
  if (writer->options.compression != BK_TREE_COMPRESSION_ZSTD)
    return TRUE;

  g_autoptr (GByteArray) table = bk_seek_table_builder_end (writer->table);
  return write_bytes (writer, table->data, table->len, error);
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
  if (!write_end (writer, &writer->error))
    return fail (writer, error);
  if (fsync (writer->fd) < 0 || renameat2 (writer->dirfd, writer->temporary, writer->dirfd,
                                           writer->name, RENAME_NOREPLACE) < 0)
    {
      bk_error_set_errno (&writer->error, errno, "The archive “%s” cannot be finished",
                          writer->name);
      return fail (writer, error);
    }
  g_clear_pointer (&writer->temporary, g_free);
  if (!bk_sync_directory (writer->dirfd, writer->name, &writer->error))
    return fail (writer, error);
  if (size_bytes != NULL)
    *size_bytes = writer->written_bytes;
  if (sha256 != NULL)
    *sha256 = bk_sha256_finish_hex (writer->sha256);
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
  return writer->written_bytes;
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
  g_queue_clear_full (&writer->under_way, piece_free);
  g_clear_pointer (&writer->filling, piece_free);
  g_ptr_array_unref (writer->spare);

  if (writer->temporary != NULL)
    unlinkat (writer->dirfd, writer->temporary, 0);
  bk_fd_clear (&writer->fd);
  g_mutex_clear (&writer->mutex);
  g_cond_clear (&writer->work_cond);
  g_cond_clear (&writer->done_cond);
  g_clear_pointer (&writer->table, bk_seek_table_builder_free);
  g_clear_pointer (&writer->sha256, bk_sha256_free);
  g_clear_pointer (&writer->packer, bk_tree_packer_free);
  g_clear_error (&writer->error);
  g_free (writer->directory);
  g_free (writer->last_path);
  g_free (writer->temporary);
  g_free (writer->name);
  g_free (writer);
}
