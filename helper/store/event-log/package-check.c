#include "store/event-log/package-private.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

typedef struct
{
  BkEventManifest *found; /* the files as they are */
  BkSha256 *sha256;
  char *path;
  guint64 size_bytes;
  GByteArray *manifest; /* (nullable): the bytes of manifest.json */
  gboolean in_manifest;
} Check;

static gboolean
check_begin (const char *path, guint64 size_bytes, gpointer user_data, GError **error)
{
  Check *check = user_data;

  g_free (check->path);
  check->path = g_strdup (path);
  check->size_bytes = size_bytes;
  check->in_manifest = strcmp (path, BK_EVENT_MANIFEST_NAME) == 0;
  bk_sha256_reset (check->sha256);
  if (!check->in_manifest)
    return TRUE;
  check->manifest = g_byte_array_new ();
  return size_bytes <= BK_EVENT_MANIFEST_MAX_BYTES ||
         bk_event_package_refuse (error, _ ("its manifest is too large"));
}

static gboolean
check_data (const void *data, gsize length_bytes, gpointer user_data, GError **error)
{
  Check *check = user_data;

  if (check->in_manifest)
    g_byte_array_append (check->manifest, data, (guint) length_bytes);
  else
    bk_sha256_update (check->sha256, data, length_bytes);
  return TRUE;
}

static gboolean
check_end (gpointer user_data, GError **error)
{
  Check *check = user_data;
  char hex[BK_SHA256_HEX_LENGTH + 1];

  if (check->in_manifest)
    return TRUE;
  bk_sha256_finish_hex_into (check->sha256, hex);
  bk_event_manifest_add (check->found, check->path, check->size_bytes, hex);
  return TRUE;
}

static gboolean
check_file (const BkEventManifest *manifest, const BkEventPackageFile *found, GError **error)
{
  const BkEventPackageFile *listed = bk_event_manifest_find (manifest, found->path);

  if (listed == NULL)
    return bk_event_package_refuse (error, _ ("“%s” is in it, but not in its manifest"),
                                    found->path);
  if (listed->size_bytes != found->size_bytes || strcmp (listed->sha256, found->sha256) != 0)
    return bk_event_package_refuse (
        error, _ ("the SHA-256 or size of “%s” is not what the manifest says: it was changed"),
        found->path);
  return TRUE;
}

static gboolean
check_files (const BkEventManifest *manifest, const BkEventManifest *found, GError **error)
{
  for (guint i = 0; i < found->files->len; i++)
    {
      if (!check_file (manifest, g_ptr_array_index (found->files, i), error))
        return FALSE;
    }
  for (guint i = 0; i < manifest->files->len; i++)
    {
      const BkEventPackageFile *listed = g_ptr_array_index (manifest->files, i);

      if (bk_event_manifest_find (found, listed->path) == NULL)
        return bk_event_package_refuse (error, _ ("“%s” is in its manifest, but not in it"),
                                        listed->path);
    }
  return TRUE;
}

/* The manifest of the package: the one in it, or the one beside it, or both if they are the same. */
static BkEventManifest *
choose_manifest (const Check *check, GBytes *beside, GError **error)
{
  gsize length_bytes;
  const char *text;

  if (check->manifest == NULL && beside == NULL)
    {
      bk_set_error (error, BK_ERROR_NOT_FOUND,
                    "The package has no manifest, neither in it nor beside it: without one its "
                    "content cannot be checked");
      return NULL;
    }
  if (check->manifest == NULL)
    {
      text = g_bytes_get_data (beside, &length_bytes);
      return bk_event_manifest_from_json (text, length_bytes, error);
    }
  text = (const char *) check->manifest->data;
  length_bytes = check->manifest->len;
  if (beside != NULL && (g_bytes_get_size (beside) != length_bytes ||
                         memcmp (g_bytes_get_data (beside, NULL), text, length_bytes) != 0))
    {
      bk_event_package_refuse (error,
                               _ ("the manifest in it and the one beside it are not the same"));
      return NULL;
    }
  return bk_event_manifest_from_json (text == NULL ? "" : text, length_bytes, error);
}

/**
 * bk_event_package_check:
 * @fd: a package, hostile
 * @manifest_beside: (nullable): the file beside it, hostile
 *
 * Reads all of it, and holds size and SHA-256 of every file against the manifest. Writes nothing.
 *
 * Errors: %BK_ERROR_INTEGRITY with the reason for a package that is refused, %BK_ERROR_NOT_FOUND if
 *   there is no manifest.
 *
 * Returns: (transfer full) (nullable): its manifest.
 */
BkEventManifest *
bk_event_package_check (int fd, GBytes *manifest_beside, GCancellable *cancellable, GError **error)
{
  g_autoptr (BkEventManifest) found = bk_event_manifest_new ();
  g_autoptr (BkSha256) sha256 = bk_sha256_new ();
  g_autoptr (BkEventManifest) manifest = NULL;
  Check check = { .found = found, .sha256 = sha256 };
  const BkEventPackageHandler handler = { check_begin, check_data, check_end, &check };

  if (bk_event_package_read (fd, &handler, cancellable, error))
    manifest = choose_manifest (&check, manifest_beside, error);
  g_free (check.path);
  g_clear_pointer (&check.manifest, g_byte_array_unref);
  if (manifest == NULL || !check_files (manifest, found, error))
    return NULL;
  return g_steal_pointer (&manifest);
}
