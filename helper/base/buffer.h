#pragma once

#include <glib.h>

/* Memory that files are read into. `g_autoptr (BkBuffer) buffer = bk_buffer_new (READ_BYTES);` */

typedef guint8 BkBuffer;

BkBuffer *bk_buffer_new (gsize length_bytes);
void bk_buffer_free (BkBuffer *buffer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkBuffer, bk_buffer_free)
