#include "base/program.h"

#include <gio/gio.h>
#include <unistd.h>

/* What the kernel puts after the name of a file that is no longer there under it: proc(5). */
#define DELETED " (deleted)"

/**
 * bk_program_dup_path:
 *
 * A process can outlive its file: an upgrade puts another in its place. What is then started is the new
 * one.
 *
 * Errors: those of g_file_read_link().
 *
 * Returns: (transfer full): the absolute path by which this program is started.
 */
char *
bk_program_dup_path (GError **error)
{
  char *path = g_file_read_link ("/proc/self/exe", error);

  if (path != NULL && g_str_has_suffix (path, DELETED) && access (path, F_OK) != 0)
    path[strlen (path) - strlen (DELETED)] = '\0';
  return path;
}
