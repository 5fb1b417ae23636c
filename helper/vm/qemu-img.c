#include "vm/qemu-img.h"

#include "base/error.h"
#include "base/gettext.h"
#include "format/json.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#define OUTPUT_MAX_BYTES (1024 * 1024)

static void
die_with_parent (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
spawn (const char *const *argv, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GError) local = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);

  GSubprocess *process = g_subprocess_launcher_spawnv (launcher, argv, &local);
  if (process == NULL)
    bk_set_error (error, BK_ERROR_UNAVAILABLE, "%s cannot be started: %s; install qemu-utils",
                  argv[0], local->message);
  return process;
}

/* Reads what `-p` prints: "    (12.34/100%)\r" again and again. */
static gboolean
follow_progress (GSubprocess *process,
                 GString *output,
                 BkFractionFunc fraction_func,
                 gpointer user_data,
                 GCancellable *cancellable,
                 GError **error)
{
  GInputStream *stream = g_subprocess_get_stdout_pipe (process);
  char buffer[4096];

  while (TRUE)
    {
      gssize n = g_input_stream_read (stream, buffer, sizeof buffer - 1, cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0)
        return TRUE;
      buffer[n] = '\0';
      const char *open = strrchr (buffer, '(');
      if (open != NULL && fraction_func != NULL)
        fraction_func (CLAMP (g_ascii_strtod (open + 1, NULL) / 100, 0, 1), user_data);
      if (output->len + (gsize) n <= OUTPUT_MAX_BYTES)
        g_string_append_len (output, buffer, n);
    }
}

static char *
read_stderr (GSubprocess *process)
{
  char buffer[4096];
  gsize length_bytes = 0;

  g_input_stream_read_all (g_subprocess_get_stderr_pipe (process), buffer, sizeof buffer - 1,
                           &length_bytes, NULL, NULL);
  buffer[length_bytes] = '\0';
  return bk_error_one_line (buffer);
}

static void
set_failure (GError **error, const char *const *argv, const char *file, const char *why)
{
  gboolean full = strstr (why, "No space left on device") != NULL;

  bk_set_error (error, full ? BK_ERROR_NO_SPACE : BK_ERROR_FAILED, "%s %s of “%s” failed: %s",
                argv[0], argv[1], file, *why == '\0' ? "killed" : why);
}

/* @exit_status: %NULL: anything but 0 is an error. */
static gboolean
run (const char *const *argv,
     const char *file,
     GString *output,
     int *exit_status,
     BkFractionFunc fraction_func,
     gpointer user_data,
     GCancellable *cancellable,
     GError **error)
{
  g_autoptr (GSubprocess) process = spawn (argv, error);
  if (process == NULL)
    return FALSE;
  if (!follow_progress (process, output, fraction_func, user_data, cancellable, error))
    {
      g_subprocess_force_exit (process);
      g_subprocess_wait (process, NULL, NULL);
      return FALSE;
    }

  g_autofree char *why = read_stderr (process);
  if (!g_subprocess_wait (process, NULL, error))
    return FALSE;
  if (exit_status != NULL && g_subprocess_get_if_exited (process))
    {
      *exit_status = g_subprocess_get_exit_status (process);
      return TRUE;
    }
  if (g_subprocess_get_successful (process))
    return TRUE;
  set_failure (error, argv, file, why);
  return FALSE;
}

/**
 * bk_qemu_img_create:
 * @file: made, or made anew
 * @size_bytes: what a guest would see
 * @backing_file: (nullable): a qcow2 file, relative to the directory of @file or absolute
 *
 * Makes an empty qcow2 image. One that gets everything has clusters of 256 KiB, so that one table
 * of them serves 8 GiB instead of 512 MiB: QEMU waits for the disk at each new table, which was half
 * of the time of a copy (2 GiB: 5.4 s, and 3.5 s so). One that gets what has changed keeps QEMU's
 * 64 KiB: larger ones would copy what has not changed.
 */
gboolean
bk_qemu_img_create (const char *file, guint64 size_bytes, const char *backing_file, GError **error)
{
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, size_bytes);
  g_autoptr (GString) output = g_string_new (NULL);
  const char *plain[] = { "qemu-img",          "create", "-q", "-f", "qcow2", "-o",
                          "cluster_size=256k", "--",     file, size, NULL };
  const char *backed[] = { "qemu-img", "create",     "-q", "-f", "qcow2", "-F", "qcow2",
                           "-b",       backing_file, "--", file, size,    NULL };

  return run (backing_file == NULL ? plain : backed, file, output, NULL, NULL, NULL, NULL, error);
}

/**
 * bk_qemu_img_commit:
 * @base: the file below @top to write into
 * @top: what to write; it reads the same before, during and after
 *
 * Writes what all files above @base changed into @base, in one pass; can be repeated after it was
 * interrupted, with the same result.
 */
gboolean
bk_qemu_img_commit (const char *base,
                    const char *top,
                    BkFractionFunc fraction_func,
                    gpointer user_data,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (GString) output = g_string_new (NULL);
  const char *argv[] = { "qemu-img", "commit", "-p", "-d", "-f", "qcow2",
                         "-b",       base,     "--", top,  NULL };

  return run (argv, top, output, NULL, fraction_func, user_data, cancellable, error);
}

/* Without @locking QEMU's locks on the file are not asked: for reading only. */
static JsonObject *
image_over (const char *file, JsonObject *backing, gboolean locking)
{
  JsonObject *image = json_object_new ();
  JsonObject *protocol = json_object_new ();

  json_object_set_string_member (protocol, "driver", "file");
  json_object_set_string_member (protocol, "filename", file);
  if (!locking)
    json_object_set_string_member (protocol, "locking", "off");
  json_object_set_string_member (image, "driver", "qcow2");
  json_object_set_object_member (image, "file", protocol);
  if (backing != NULL)
    json_object_set_object_member (image, "backing", backing);
  else
    json_object_set_null_member (image, "backing");
  return image;
}

static char *
chain_name (const GPtrArray *files, gboolean locking)
{
  JsonObject *chain = NULL;

  for (guint i = files->len; i > 0; i--)
    chain = image_over (g_ptr_array_index (files, i - 1), chain, locking);
  g_autoptr (JsonNode) node = bk_json_object_node (chain);
  g_autofree char *text = bk_json_to_text (node, FALSE);
  return g_strconcat ("json:", text, NULL);
}

/**
 * bk_qemu_img_commit_chain:
 * @files: (element-type filename): absolute paths, the newest first, the one to write into last
 *
 * As bk_qemu_img_commit(), over a base that the images do not name themselves: the backing files
 * they do name are not looked at.
 */
gboolean
bk_qemu_img_commit_chain (const GPtrArray *files,
                          BkFractionFunc fraction_func,
                          gpointer user_data,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GString) output = g_string_new (NULL);
  g_autofree char *top = chain_name (files, TRUE);
  const char *base = g_ptr_array_index (files, files->len - 1);
  const char *argv[] = { "qemu-img", "commit", "-p", "-d", "-b", base, "--", top, NULL };

  return run (argv, base, output, NULL, fraction_func, user_data, cancellable, error);
}

/**
 * bk_qemu_img_compare:
 *
 * Errors: %BK_ERROR_INTEGRITY when the two do not read the same.
 */
gboolean
bk_qemu_img_compare (const char *left, const char *right, GCancellable *cancellable, GError **error)
{
  g_autoptr (GString) output = g_string_new (NULL);
  const char *argv[] = { "qemu-img", "compare", "-q", "-f",  "qcow2", "-F",
                         "qcow2",    "--",      left, right, NULL };
  int exit_status = 0;

  if (!run (argv, right, output, &exit_status, NULL, NULL, cancellable, error))
    return FALSE;
  if (exit_status == 0)
    return TRUE;
  bk_set_error (error, exit_status == 1 ? BK_ERROR_INTEGRITY : BK_ERROR_FAILED, "“%s” %s", right,
                exit_status == 1 ? _ ("does not read as what it was copied from")
                                 : _ ("could not be compared with what it was copied from"));
  return FALSE;
}

/* @source_format: (nullable): NULL: the name of @source says it. */
static gboolean
convert (const char *source,
         const char *source_format,
         const char *target,
         const char *format,
         gboolean compress,
         BkFractionFunc fraction_func,
         gpointer user_data,
         GCancellable *cancellable,
         GError **error)
{
  static const char *const options[] = {
    "qemu-img", "convert", "-p", "-W", "-m", "8", "-t", "none"
  };
  static const char *const compression[] = { "-c", "-o", "compression_type=zstd" };
  g_autoptr (GString) output = g_string_new (NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    g_ptr_array_add (argv, (char *) options[i]);
  for (guint i = 0; compress && i < G_N_ELEMENTS (compression); i++)
    g_ptr_array_add (argv, (char *) compression[i]);
  if (source_format != NULL)
    {
      g_ptr_array_add (argv, (char *) "-f");
      g_ptr_array_add (argv, (char *) source_format);
    }
  g_ptr_array_add (argv, (char *) "-O");
  g_ptr_array_add (argv, (char *) format);
  g_ptr_array_add (argv, (char *) "--");
  g_ptr_array_add (argv, (char *) source);
  g_ptr_array_add (argv, (char *) target);
  g_ptr_array_add (argv, NULL);
  return run ((const char *const *) argv->pdata, target, output, NULL, fraction_func, user_data,
              cancellable, error);
}

/**
 * bk_qemu_img_convert:
 * @source: a qcow2 image, with all below it
 * @target: made, an image that stands by itself
 * @format: of @target: "qcow2" or "raw"
 * @compress: by zstd, cluster by cluster; qcow2 only
 *
 * Copies what @source reads as; what reads as zeros stays thin. Many requests at once, out of
 * order and past the page cache: a quarter of the time of qemu-img's defaults.
 */
gboolean
bk_qemu_img_convert (const char *source,
                     const char *target,
                     const char *format,
                     gboolean compress,
                     BkFractionFunc fraction_func,
                     gpointer user_data,
                     GCancellable *cancellable,
                     GError **error)
{
  return convert (source, "qcow2", target, format, compress, fraction_func, user_data, cancellable,
                  error);
}

/**
 * bk_qemu_img_convert_chain:
 * @files: (element-type filename): absolute paths of the chain to read, the newest first
 *
 * As bk_qemu_img_convert(), of a chain whose lower files QEMU writes into at the same time, in a way
 * that leaves what the newest one reads as (a commit): its locks are not asked.
 */
gboolean
bk_qemu_img_convert_chain (const GPtrArray *files,
                           const char *target,
                           const char *format,
                           BkFractionFunc fraction_func,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autofree char *source = chain_name (files, FALSE);

  return convert (source, NULL, target, format, FALSE, fraction_func, user_data, cancellable,
                  error);
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
  g_autoptr (GString) output = g_string_new (NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_ptr_array_add (files, (char *) file);
  g_autofree char *name = chain_name (files, FALSE);
  const char *argv[] = { "qemu-img", "check", "-q", "--", name, NULL };
  int exit_status = 0;

  if (!run (argv, file, output, &exit_status, NULL, NULL, cancellable, error))
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

  if (!run (argv, file, output, NULL, NULL, NULL, NULL, error))
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
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_ptr_array_add (files, (char *) file);
  g_autofree char *name = chain_name (files, FALSE);
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
