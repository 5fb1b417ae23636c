/* What qemu-img says of images; none of it writes. */
#include "vm/qemu-img-run.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"

/* The one image, not what it continues, whoever has it open. */
static char *
name_without_locks (const char *file)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new ();

  g_ptr_array_add (files, (char *) file);
  return bk_qemu_img_chain_name (files, FALSE);
}

/**
 * bk_qemu_img_compare:
 *
 * Errors: %BK_ERROR_INTEGRITY when the two do not read the same.
 */
gboolean
bk_qemu_img_compare (const char *left, const char *right, GCancellable *cancellable, GError **error)
{
  const char *argv[] = { "qemu-img", "compare", "-q", "-f",  "qcow2", "-F",
                         "qcow2",    "--",      left, right, NULL };
  int exit_status = 0;
  const BkQemuImgCall call = { .argv = argv, .file = right, .exit_status = &exit_status };

  if (!bk_qemu_img_run (&call, cancellable, error))
    return FALSE;
  if (exit_status == 0)
    return TRUE;
  bk_set_error (error, exit_status == 1 ? BK_ERROR_INTEGRITY : BK_ERROR_FAILED, "“%s” %s", right,
                exit_status == 1 ? _ ("does not read as what it was copied from")
                                 : _ ("could not be compared with what it was copied from"));
  return FALSE;
}

/**
 * bk_qemu_img_check:
 *
 * Looks at the tables of the one image, not at what it continues, and asks no locks.
 *
 * Errors: %BK_ERROR_INTEGRITY when the image's own tables are broken. Clusters that nothing uses
 *   (exit status 3) waste space and are no error.
 */
gboolean
bk_qemu_img_check (const char *file, GCancellable *cancellable, GError **error)
{
  g_autofree char *name = name_without_locks (file);
  const char *argv[] = { "qemu-img", "check", "-q", "--", name, NULL };
  int exit_status = 0;
  const BkQemuImgCall call = { .argv = argv, .file = file, .exit_status = &exit_status };

  if (!bk_qemu_img_run (&call, cancellable, error))
    return FALSE;
  if (exit_status == 0 || exit_status == 3)
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY,
                "The image “%s” is broken: qemu-img check ends with status %d", file, exit_status);
  return FALSE;
}

/* What qemu-img says of an image, whoever has it open. */
static JsonObject *
read_info (const char *name, const char *file, GError **error)
{
  g_autoptr (GString) output = g_string_new (NULL);
  const char *argv[] = { "qemu-img", "info", "--output=json", "-U", "--", name, NULL };
  const BkQemuImgCall call = { .argv = argv, .file = file, .output = output };

  if (!bk_qemu_img_run (&call, NULL, error))
    return NULL;

  g_autofree char *what = g_strdup_printf (_ ("What qemu-img says of “%s”"), file);
  return bk_json_parse_object (output->str, (gssize) output->len, what, error);
}

static JsonObject *
member_object (JsonObject *object, const char *name)
{
  JsonNode *node = object == NULL ? NULL : json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

/**
 * bk_qemu_img_list_bitmaps:
 * @file: a qcow2 image
 *
 * Returns: (transfer full) (nullable): the names of the bitmaps that are stored in it; of an image that is
 *   open, those that were stored when it was opened.
 */
GStrv
bk_qemu_img_list_bitmaps (const char *file, GError **error)
{
  g_autofree char *name = name_without_locks (file);
  g_autoptr (JsonObject) info = read_info (name, file, error);
  JsonObject *data = member_object (member_object (info, "format-specific"), "data");
  JsonNode *node = data == NULL ? NULL : json_object_get_member (data, "bitmaps");
  JsonArray *bitmaps =
      node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (info == NULL)
    return NULL;
  for (guint i = 0; bitmaps != NULL && i < json_array_get_length (bitmaps); i++)
    {
      JsonNode *bitmap = json_array_get_element (bitmaps, i);
      const char *bitmap_name = JSON_NODE_HOLDS_OBJECT (bitmap)
                                    ? json_object_get_string_member_with_default (
                                          json_node_get_object (bitmap), "name", NULL)
                                    : NULL;

      if (bitmap_name != NULL)
        g_strv_builder_add (names, bitmap_name);
    }
  return g_strv_builder_end (names);
}

/**
 * bk_qemu_img_virtual_size:
 * @size_bytes: (out): what a guest sees
 */
gboolean
bk_qemu_img_virtual_size (const char *file, guint64 *size_bytes, GError **error)
{
  g_autofree char *what = g_strdup_printf (_ ("What qemu-img says of “%s”"), file);
  g_autoptr (JsonObject) info = read_info (file, file, error);

  return info != NULL && bk_json_count (info, "virtual-size", what, G_MAXINT64, size_bytes, error);
}
