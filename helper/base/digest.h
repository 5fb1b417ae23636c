#pragma once

#include <gio/gio.h>

/* SHA-256 by libcrypto: it uses the processor's SHA instructions, GChecksum does not. */

#define BK_SHA256_BYTES 32
#define BK_SHA256_HEX_LENGTH 64

typedef struct _BkSha256 BkSha256;

BkSha256 *bk_sha256_new (void);
void bk_sha256_free (BkSha256 *sha256);
void bk_sha256_reset (BkSha256 *sha256);
void bk_sha256_update (BkSha256 *sha256, const void *data, gsize length_bytes);
void bk_sha256_finish (BkSha256 *sha256, guint8 digest[BK_SHA256_BYTES]);
char *bk_sha256_finish_hex (BkSha256 *sha256);
void bk_sha256_finish_hex_into (BkSha256 *sha256, char hex[BK_SHA256_HEX_LENGTH + 1]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkSha256, bk_sha256_free)

char *bk_sha256_hex_of (const void *data, gsize length_bytes);
gboolean bk_sha256_is_hex (const char *text);

/* Called with the bytes read since the last call; may be %NULL. */
typedef void (*BkBytesFunc) (guint64 delta_bytes, gpointer user_data);

char *bk_sha256_of_fd (int fd,
                       const char *name,
                       guint64 *size_bytes,
                       BkBytesFunc bytes_func,
                       gpointer user_data,
                       GCancellable *cancellable,
                       GError **error);
