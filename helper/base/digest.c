#include "base/digest.h"

#include "base/error.h"
#include "base/read-ahead.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

struct _BkSha256
{
  EVP_MD_CTX *context;
};

/* Fetching the algorithm takes a lock and a search by name in OpenSSL 3; once is enough. */
static const EVP_MD *
algorithm (void)
{
  static gsize fetched;

  if (g_once_init_enter (&fetched))
    {
      EVP_MD *md = EVP_MD_fetch (NULL, "SHA256", NULL);

      g_assert (md != NULL);
      g_once_init_leave (&fetched, (gsize) md);
    }
  return (const EVP_MD *) fetched;
}

BkSha256 *
bk_sha256_new (void)
{
  BkSha256 *self = g_new0 (BkSha256, 1);

  self->context = EVP_MD_CTX_new ();
  g_assert (self->context != NULL);
  bk_sha256_reset (self);
  return self;
}

void
bk_sha256_free (BkSha256 *sha256)
{
  EVP_MD_CTX_free (sha256->context);
  g_free (sha256);
}

/**
 * bk_sha256_reset:
 *
 * Starts a new digest in the same context, which costs less than a new one.
 */
void
bk_sha256_reset (BkSha256 *sha256)
{
  if (EVP_DigestInit_ex2 (sha256->context, algorithm (), NULL) != 1)
    g_error ("libcrypto: SHA-256 does not start");
}

/**
 * bk_sha256_update:
 *
 * May be called again and again; bk_sha256_finish_hex() gives the hash of all of it.
 */
void
bk_sha256_update (BkSha256 *sha256, const void *data, gsize length_bytes)
{
  if (EVP_DigestUpdate (sha256->context, data, length_bytes) != 1)
    g_error ("libcrypto: SHA-256 does not take data");
}

/**
 * bk_sha256_finish:
 * @digest: (out): the 32 bytes
 *
 * The context must be reset before it takes data again.
 */
void
bk_sha256_finish (BkSha256 *sha256, guint8 digest[BK_SHA256_BYTES])
{
  if (EVP_DigestFinal_ex (sha256->context, digest, NULL) != 1)
    g_error ("libcrypto: SHA-256 does not finish");
}

/**
 * bk_sha256_finish_hex_into:
 * @hex: (out): 64 lower-case hex digits and a NUL
 */
void
bk_sha256_finish_hex_into (BkSha256 *sha256, char hex[BK_SHA256_HEX_LENGTH + 1])
{
  static const char digits[] = "0123456789abcdef";
  guint8 digest[BK_SHA256_BYTES];

  bk_sha256_finish (sha256, digest);
  for (guint i = 0; i < BK_SHA256_BYTES; i++)
    {
      hex[2 * i] = digits[digest[i] >> 4];
      hex[2 * i + 1] = digits[digest[i] & 15];
    }
  hex[BK_SHA256_HEX_LENGTH] = '\0';
}

/**
 * bk_sha256_finish_hex:
 *
 * Returns: (transfer full): the digest as 64 lower-case hex digits.
 */
char *
bk_sha256_finish_hex (BkSha256 *sha256)
{
  char *hex = g_malloc (BK_SHA256_HEX_LENGTH + 1);

  bk_sha256_finish_hex_into (sha256, hex);
  return hex;
}

/**
 * bk_sha256_hex_of:
 *
 * Returns: (transfer full): the hash, in lower-case hexadecimal digits.
 */
char *
bk_sha256_hex_of (const void *data, gsize length_bytes)
{
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();

  bk_sha256_update (sha256, data, length_bytes);
  return bk_sha256_finish_hex (sha256);
}

/**
 * bk_sha256_is_hex:
 * @text: (nullable): hostile until checked
 *
 * Returns: whether it is a hash as this program writes them.
 */
gboolean
bk_sha256_is_hex (const char *text)
{
  return text != NULL && strlen (text) == BK_SHA256_HEX_LENGTH &&
         strspn (text, "0123456789abcdef") == BK_SHA256_HEX_LENGTH;
}

/**
 * bk_sha256_of_fd:
 * @fd: a file; it is read from its beginning, its own position does not move
 * @name: what to call it in an error
 * @size_bytes: (out) (optional): how much was read
 * @bytes_func: (nullable): told of each piece
 *
 * Errors: of reading, and cancellation.
 *
 * Returns: (transfer full) (nullable): 64 hex digits, or %NULL on error.
 */
char *
bk_sha256_of_fd (int fd,
                 const char *name,
                 guint64 *size_bytes,
                 BkBytesFunc bytes_func,
                 gpointer user_data,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();
  g_autoptr (BkReadAhead) reader = bk_read_ahead_new (fd);
  guint64 total_bytes = 0;
  const guint8 *data;
  gssize n;

  while ((n = bk_read_ahead_next (reader, &data)) > 0)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      bk_sha256_update (sha256, data, (gsize) n);
      total_bytes += (guint64) n;
      if (bytes_func != NULL)
        bytes_func ((guint64) n, user_data);
    }
  if (n < 0)
    {
      bk_error_set_errno (error, errno, "Reading “%s” failed", name);
      return NULL;
    }
  if (size_bytes != NULL)
    *size_bytes = total_bytes;
  return bk_sha256_finish_hex (sha256);
}
