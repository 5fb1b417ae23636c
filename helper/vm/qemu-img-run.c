#include "vm/qemu-img-run.h"

#include "base/error.h"
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
follow_output (GSubprocess *process,
               const BkQemuImgCall *call,
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
      if (open != NULL && call->fraction_func != NULL)
        call->fraction_func (CLAMP (g_ascii_strtod (open + 1, NULL) / 100, 0, 1), call->user_data);
      if (call->output != NULL && call->output->len + (gsize) n <= OUTPUT_MAX_BYTES)
        g_string_append_len (call->output, buffer, n);
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
set_failure (GError **error, const BkQemuImgCall *call, const char *why)
{
  gboolean full = strstr (why, "No space left on device") != NULL;

  bk_set_error (error, full ? BK_ERROR_NO_SPACE : BK_ERROR_FAILED, "%s %s of “%s” failed: %s",
                call->argv[0], call->argv[1], call->file, *why == '\0' ? "killed" : why);
}

/**
 * bk_qemu_img_run:
 *
 * Runs it to its end; when it is cancelled, kills it.
 *
 * Errors: %BK_ERROR_UNAVAILABLE when there is no qemu-img; %BK_ERROR_NO_SPACE, %BK_ERROR_CANCELLED;
 *   else %BK_ERROR_FAILED with what it says on its stderr.
 */
gboolean
bk_qemu_img_run (const BkQemuImgCall *call, GCancellable *cancellable, GError **error)
{
  g_autoptr (GSubprocess) process = spawn (call->argv, error);
  if (process == NULL)
    return FALSE;
  if (!follow_output (process, call, cancellable, error))
    {
      g_subprocess_force_exit (process);
      g_subprocess_wait (process, NULL, NULL);
      return FALSE;
    }

  g_autofree char *why = read_stderr (process);
  if (!g_subprocess_wait (process, NULL, error))
    return FALSE;
  if (call->exit_status != NULL && g_subprocess_get_if_exited (process))
    {
      *call->exit_status = g_subprocess_get_exit_status (process);
      return TRUE;
    }
  if (g_subprocess_get_successful (process))
    return TRUE;
  set_failure (error, call, why);
  return FALSE;
}

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

/**
 * bk_qemu_img_chain_name:
 * @files: (element-type filename): absolute paths, the newest first
 * @locking: %FALSE: QEMU's locks are not asked; for reading only
 *
 * Returns: (transfer full): by what name qemu-img opens this chain, whatever backing files the
 *   images name themselves.
 */
char *
bk_qemu_img_chain_name (const GPtrArray *files, gboolean locking)
{
  JsonObject *chain = NULL;

  for (guint i = files->len; i > 0; i--)
    chain = image_over (g_ptr_array_index (files, i - 1), chain, locking);
  g_autoptr (JsonNode) node = bk_json_object_node (chain);
  g_autofree char *text = bk_json_to_text (node, FALSE);
  return g_strconcat ("json:", text, NULL);
}
