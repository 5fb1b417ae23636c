#pragma once

#include "store/tree/archive.h"
#include "store/tree/object.h"

/*
 * The tar side of writing an archive: things in a tree → the bytes of tar members, in memory. A
 * packer is used by one thread at a time; several work side by side on different pieces.
 */

/* The plain bytes a frame is meant to have. */
#define BK_TREE_FRAME_BYTES (1024 * 1024)

/* A file from this size on is packed in segments, its header apart. */
#define BK_TREE_LARGE_BYTES (2 * BK_TREE_FRAME_BYTES)

typedef struct _BkTreePacker BkTreePacker;

BkTreePacker *bk_tree_packer_new (void);
void bk_tree_packer_free (BkTreePacker *packer);
void bk_tree_packer_reset (BkTreePacker *packer);
const void *bk_tree_packer_get_bytes (BkTreePacker *packer, gsize *length_bytes);
void bk_tree_packer_add (BkTreePacker *packer,
                         const BkTreeArchiveInput *input,
                         BkTreeArchiveResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreePacker, bk_tree_packer_free)

/* A large file, shared by its segments. */
typedef struct _BkTreeLarge BkTreeLarge;

BkTreeLarge *bk_tree_large_new (BkTreePacker *packer,
                                const BkTreeArchiveInput *input,
                                BkTreeArchiveResult *result);
BkTreeLarge *bk_tree_large_ref (BkTreeLarge *large);
void bk_tree_large_unref (BkTreeLarge *large);
guint bk_tree_large_count_segments (BkTreeLarge *large);
void bk_tree_large_get_result (BkTreeLarge *large, BkTreeArchiveResult *result);
void bk_tree_packer_add_segment (BkTreePacker *packer, BkTreeLarge *large, guint segment);
