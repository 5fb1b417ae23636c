#pragma once

#include "store/archive/frame-codec.h"
#include "store/tree/archive.h"
#include "store/tree/pack.h"

/*
 * A piece of a tree archive: about one frame's worth of inputs, or one segment of a large file. The
 * adding thread fills it, one worker packs and compresses it, the adding thread writes it.
 */

typedef struct
{
  guint path, name, hardlink_target; /* where they begin in the piece's text */
  gboolean is_hardlink;
  int dirfd;
  mode_t mode;
  gpointer user_data;
  BkTreeArchiveResult result;
} BkTreePieceInput;

typedef struct
{
  GArray *inputs;      /* of BkTreePieceInput */
  GByteArray *text;    /* their names, each closed by NUL */
  GArray *directories; /* of int: our own handles */
  char *directory;     /* (nullable) the path whose handle is the last of directories */
  guint64 planned_bytes;
  BkTreeLarge *large; /* (nullable) then the piece is one segment of it, and it has an input only
                       * if that is the last */
  guint segment;
  GByteArray *frame;
  gsize plain_bytes;
  gboolean is_done;
} BkTreePiece;

BkTreePiece *bk_tree_piece_new (void);
void bk_tree_piece_free (BkTreePiece *piece);
void bk_tree_piece_reset (BkTreePiece *piece);
gboolean bk_tree_piece_add (BkTreePiece *piece, const BkTreeArchiveInput *input, GError **error);
gboolean bk_tree_piece_is_full (const BkTreePiece *piece);
void bk_tree_piece_work_on (BkTreePiece *piece, BkTreePacker *packer, BkFrameCodec *codec);
