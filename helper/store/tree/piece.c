/* A piece's memory, and what a worker does with it. How pieces get to the workers and
 * from them into the file is in archive-writer.c. */
#include "store/tree/piece.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define INPUTS_MAX 1024
#define DIRECTORIES_MAX 64
#define MEMBER_HEADER_BYTES 1536 /* of a plain file: pax header, its body, ustar header */

BkTreePiece *
bk_tree_piece_new (void)
{
  BkTreePiece *self = g_new0 (BkTreePiece, 1);

  self->inputs = g_array_new (FALSE, FALSE, sizeof (BkTreePieceInput));
  self->text = g_byte_array_new ();
  self->directories = g_array_new (FALSE, FALSE, sizeof (int));
  self->frame = g_byte_array_new ();
  return self;
}

/**
 * bk_tree_piece_reset:
 *
 * Empties it, to be filled again; its memory stays.
 */
void
bk_tree_piece_reset (BkTreePiece *piece)
{
  for (guint i = 0; i < piece->directories->len; i++)
    close (g_array_index (piece->directories, int, i));
  g_array_set_size (piece->directories, 0);
  g_array_set_size (piece->inputs, 0);
  g_byte_array_set_size (piece->text, 0);
  g_clear_pointer (&piece->large, bk_tree_large_unref);
  g_clear_pointer (&piece->directory, g_free);
  piece->planned_bytes = 0;
  piece->plain_bytes = 0;
  piece->is_done = FALSE;
}

void
bk_tree_piece_free (BkTreePiece *piece)
{
  bk_tree_piece_reset (piece);
  g_array_unref (piece->inputs);
  g_byte_array_unref (piece->text);
  g_array_unref (piece->directories);
  g_byte_array_unref (piece->frame);
  g_free (piece);
}

/* Returns: where it begins in the piece's text. */
static guint
add_text (BkTreePiece *piece, const char *text)
{
  guint at = piece->text->len;

  g_byte_array_append (piece->text, (const guint8 *) text, (guint) strlen (text) + 1);
  return at;
}

/* The adder's directory handle may be closed before a worker gets here; siblings share one of our
 * own. */
static gboolean
hold_directory (BkTreePiece *piece, const BkTreeArchiveInput *input, int *dirfd, GError **error)
{
  const char *slash = strrchr (input->path, '/');
  gsize length_bytes = slash == NULL ? 0 : (gsize) (slash - input->path);

  if (piece->directory == NULL || strlen (piece->directory) != length_bytes ||
      memcmp (piece->directory, input->path, length_bytes) != 0)
    {
      int fd = fcntl (input->dirfd, F_DUPFD_CLOEXEC, 0);

      if (fd < 0)
        return bk_error_set_errno (error, errno, "The directory of “%s” cannot be held open",
                                   input->path);
      g_array_append_val (piece->directories, fd);
      g_free (piece->directory);
      piece->directory = g_strndup (input->path, length_bytes);
    }
  *dirfd = g_array_index (piece->directories, int, piece->directories->len - 1);
  return TRUE;
}

/**
 * bk_tree_piece_add:
 * @input: anything but a large file
 *
 * Errors: its directory cannot be held open.
 */
gboolean
bk_tree_piece_add (BkTreePiece *piece, const BkTreeArchiveInput *input, GError **error)
{
  BkTreePieceInput copy = { .mode = input->mode,
                            .is_hardlink = input->hardlink_target != NULL,
                            .user_data = input->user_data };

  if (!hold_directory (piece, input, &copy.dirfd, error))
    return FALSE;
  copy.path = add_text (piece, input->path);
  copy.name = g_str_has_suffix (input->path, input->name)
                  ? copy.path + (guint) (strlen (input->path) - strlen (input->name))
                  : add_text (piece, input->name);
  if (copy.is_hardlink)
    copy.hardlink_target = add_text (piece, input->hardlink_target);
  g_array_append_val (piece->inputs, copy);

  piece->planned_bytes += MEMBER_HEADER_BYTES;
  if (S_ISREG (input->mode) && !copy.is_hardlink)
    piece->planned_bytes += input->size_bytes;
  return TRUE;
}

/**
 * bk_tree_piece_is_full:
 *
 * Returns: whether it holds about as much as a frame should.
 */
gboolean
bk_tree_piece_is_full (const BkTreePiece *piece)
{
  return piece->planned_bytes >= BK_TREE_FRAME_BYTES || piece->inputs->len >= INPUTS_MAX ||
         piece->directories->len >= DIRECTORIES_MAX;
}

static void
pack_inputs (BkTreePacker *packer, BkTreePiece *piece)
{
  const char *text = (const char *) piece->text->data;

  for (guint i = 0; i < piece->inputs->len; i++)
    {
      BkTreePieceInput *input = &g_array_index (piece->inputs, BkTreePieceInput, i);

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

/**
 * bk_tree_piece_work_on:
 * @packer: of the calling thread
 * @codec: of the calling thread
 *
 * Reads and packs what the piece names, and leaves it compressed in its frame, which is empty if there
 * was nothing to pack.
 */
void
bk_tree_piece_work_on (BkTreePiece *piece, BkTreePacker *packer, BkFrameCodec *codec)
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
