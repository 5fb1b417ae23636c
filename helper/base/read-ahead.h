#pragma once

#include <glib.h>

/* A file read by a thread of its own, some pieces ahead of who takes them: reading and what is done
 * with the bytes go on at the same time. */

typedef struct _BkReadAhead BkReadAhead;

BkReadAhead *bk_read_ahead_new (int fd);
gssize bk_read_ahead_next (BkReadAhead *self, const guint8 **data);
void bk_read_ahead_free (BkReadAhead *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkReadAhead, bk_read_ahead_free)
