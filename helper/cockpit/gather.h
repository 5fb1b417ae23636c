#pragma once

#include <glib.h>

/*
 * Objects that go out together: each frame costs Cockpit's bridge, cockpit-ws and the browser far more
 * than its bytes do, and a browser that has many to take draws nothing meanwhile. What comes after a
 * pause goes out at once; what follows within BK_GATHER_MSECS is put into one frame, a line each.
 * No I/O and no clock here.
 */

#define BK_GATHER_MSECS 20
#define BK_GATHER_MAX_BYTES (32 * 1024)

typedef struct
{
  GString *lines; /* (nullable): none are kept back */
} BkGather;

gboolean bk_gather_has_room (const BkGather *gather, gsize length_bytes);
void bk_gather_add (BkGather *gather, const char *line, gsize length_bytes);
char *bk_gather_take (BkGather *gather, gsize *length_bytes);
void bk_gather_clear (BkGather *gather);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BkGather, bk_gather_clear)
