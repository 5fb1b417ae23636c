#include "vm/qemu-img-run.h"

#include "base/error.h"
#include "format/json.h"

#include <errno.h>
#include <gio/gunixinputstream.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define OUTPUT_MAX_BYTES (1024 * 1024)

/* The first lines say why; what follows is more of the same. */
#define COMPLAINT_MAX_BYTES 4096

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

/* Takes what `-p` prints: "    (12.34/100%)\r" again and again. */
static void
take_output (const BkQemuImgCall *call, const char *text, gsize length_bytes)
{
  const char *open = strrchr (text, '(');

  if (open != NULL && call->fraction_func != NULL)
    call->fraction_func (CLAMP (g_ascii_strtod (open + 1, NULL) / 100, 0, 1), call->user_data);
  if (call->output != NULL && call->output->len + length_bytes <= OUTPUT_MAX_BYTES)
    g_string_append_len (call->output, text, (gssize) length_bytes);
}

static void
take_complaint (GString *why, const char *text, gsize length_bytes)
{
  g_string_append_len (why, text, (gssize) MIN (length_bytes, COMPLAINT_MAX_BYTES - why->len));
}

static int
pipe_fd (GInputStream *stream)
{
  return g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (stream));
}

/* Both pipes at once: of an image with many faults qemu-img writes more to stderr than a pipe holds, and
 * would wait for ever for somebody to take it. */
static gboolean
follow (GSubprocess *process,
        const BkQemuImgCall *call,
        GString *why,
        GCancellable *cancellable,
        GError **error)
{
  GPollFD fds[] = {
    { .fd = pipe_fd (g_subprocess_get_stdout_pipe (process)), .events = G_IO_IN },
    { .fd = pipe_fd (g_subprocess_get_stderr_pipe (process)), .events = G_IO_IN },
    { .fd = -1 },
  };
  gboolean has_cancel_fd = g_cancellable_make_pollfd (cancellable, &fds[2]);
  char buffer[4096];

  while ((fds[0].fd >= 0 || fds[1].fd >= 0) && !g_cancellable_is_cancelled (cancellable))
    {
      g_poll (fds, has_cancel_fd ? 3 : 2, -1);
      for (guint i = 0; i < 2; i++)
        {
          if (fds[i].fd < 0 || fds[i].revents == 0)
            continue;
          ssize_t n = read (fds[i].fd, buffer, sizeof buffer - 1);
          if (n < 0 && errno == EINTR)
            continue;
          if (n <= 0)
            {
              fds[i].fd = -1; /* its end; poll() passes it over from now on */
              continue;
            }
          buffer[n] = '\0';
          if (i == 0)
            take_output (call, buffer, (gsize) n);
          else
            take_complaint (why, buffer, (gsize) n);
        }
    }
  if (has_cancel_fd)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
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

  g_autoptr (GString) complaint = g_string_new (NULL);
  if (!follow (process, call, complaint, cancellable, error))
    {
      g_subprocess_force_exit (process);
      g_subprocess_wait (process, NULL, NULL);
      return FALSE;
    }
  if (!g_subprocess_wait (process, NULL, error))
    return FALSE;
  if (call->exit_status != NULL && g_subprocess_get_if_exited (process))
    {
      *call->exit_status = g_subprocess_get_exit_status (process);
      return TRUE;
    }
  if (g_subprocess_get_successful (process))
    return TRUE;

  g_autofree char *why = bk_error_one_line (complaint->str);
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
