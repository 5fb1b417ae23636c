#include "format/qcow2-header.h"

#include "base/error.h"
#include "base/gettext.h"

#include <string.h>

/*
 * The beginning of a qcow2 image, all integers big-endian (QEMU's docs/interop/qcow2.txt):
 *
 *   0  magic "QFI\xfb"    4  version    8  offset of the backing file's name (64 bits; 0: none)
 *   16  its length        72  incompatible features (from version 3 on)
 *
 * QEMU opens whatever file an image names, with the rights of whoever runs it. Of an image that comes from a
 * repository somebody else may have written, that has to be looked at first.
 */

#define VERSION_AT 4
#define NAME_OFFSET_AT 8
#define NAME_LENGTH_AT 16
#define FEATURES_AT 72
#define HEADER_V2_BYTES 72
#define HEADER_V3_BYTES 104
#define NAME_MAX_LENGTH 1023
#define EXTERNAL_DATA_FILE (G_GUINT64_CONSTANT (1) << 2)

static guint32
get_uint32 (const guint8 *head, gsize at)
{
  guint32 value;

  memcpy (&value, head + at, sizeof value);
  return GUINT32_FROM_BE (value);
}

static guint64
get_uint64 (const guint8 *head, gsize at)
{
  guint64 value;

  memcpy (&value, head + at, sizeof value);
  return GUINT64_FROM_BE (value);
}

static gboolean
refuse (GError **error, const char *what, const char *why)
{
  bk_set_error (error, BK_ERROR_INTEGRITY, "%s: %s", what, why);
  return FALSE;
}

/**
 * bk_qcow2_read_backing:
 * @head: hostile: the first %BK_QCOW2_HEAD_BYTES of an image, or all of it
 * @what: the image, in the words of an error
 * @backing: (out) (transfer full) (nullable): the name of the file that it continues, as it says it; %NULL:
 *   none
 *
 * Errors: %BK_ERROR_INTEGRITY for what is no qcow2 image, or one that has its data in another file.
 */
gboolean
bk_qcow2_read_backing (
    const guint8 *head, gsize length_bytes, const char *what, char **backing, GError **error)
{
  *backing = NULL;
  if (length_bytes < HEADER_V2_BYTES || memcmp (head, "QFI\xfb", 4) != 0)
    return refuse (error, what, _ ("it is no qcow2 image"));

  guint32 version = get_uint32 (head, VERSION_AT);
  if (version != 2 && (version != 3 || length_bytes < HEADER_V3_BYTES))
    return refuse (error, what, _ ("it is no qcow2 image"));
  if (version == 3 && (get_uint64 (head, FEATURES_AT) & EXTERNAL_DATA_FILE) != 0)
    return refuse (error, what, _ ("it has its data in another file"));

  guint64 offset = get_uint64 (head, NAME_OFFSET_AT);
  guint32 name_length = get_uint32 (head, NAME_LENGTH_AT);
  if (offset == 0)
    return TRUE;
  if (name_length == 0 || name_length > NAME_MAX_LENGTH || offset > length_bytes ||
      name_length > length_bytes - offset || memchr (head + offset, '\0', name_length) != NULL)
    return refuse (error, what, _ ("the name of the file that it continues cannot be read"));
  *backing = g_strndup ((const char *) head + offset, name_length);
  return TRUE;
}
