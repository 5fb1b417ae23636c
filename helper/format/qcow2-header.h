#pragma once

#include <glib.h>

/* So much of an image's beginning is enough: QEMU puts the name right after the header. */
#define BK_QCOW2_HEAD_BYTES (64 * 1024)

gboolean bk_qcow2_read_backing (
    const guint8 *head, gsize length_bytes, const char *what, char **backing, GError **error);
