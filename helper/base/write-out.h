#pragma once

#include <glib.h>

/* Files that someone else fills, written to their disk all the while, and not only once they are
 * closed. */

typedef struct _BkWriteOut BkWriteOut;

BkWriteOut *bk_write_out_start (int directory, const char *const *paths);
void bk_write_out_stop (BkWriteOut *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkWriteOut, bk_write_out_stop)
