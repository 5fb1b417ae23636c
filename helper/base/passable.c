#include "base/passable.h"

#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct
{
  const char *path;
  uid_t uid;
  gid_t gid;
} Walk;

static gboolean
can_pass (const char *directory)
{
  g_autofree char *inside = g_strconcat (directory, "/.", NULL);
  struct stat st;

  return fstatat (AT_FDCWD, inside, &st, 0) == 0 || errno != EACCES;
}

/* In a thread of its own, which ends with the rights it gave up: the kernel checks each path with
 * the thread's own user, group and groups, and with access control lists where there are some. */
static gpointer
walk (gpointer data)
{
  const Walk *w = data;

  /* The kernel's calls, not glibc's, which would change all threads. */
  if (syscall (SYS_setgroups, (size_t) 0, NULL) < 0)
    return NULL; /* not root: nothing can be said */
  setfsgid (w->gid);
  setfsuid (w->uid);
  for (const char *slash = strchr (w->path, '/'); slash != NULL;
       slash = *slash == '\0' ? NULL : strchrnul (slash + 1, '/'))
    {
      g_autofree char *directory =
          slash == w->path ? g_strdup ("/") : g_strndup (w->path, (gsize) (slash - w->path));

      if (!can_pass (directory))
        return g_steal_pointer (&directory);
    }
  return NULL;
}

/**
 * bk_find_impassable:
 * @path: an absolute path of a directory; what of it is not there yet is no obstacle
 * @uid: a user, usually another one
 * @gid: its group
 *
 * Returns: (transfer full) (nullable): the first directory on the way, @path itself included, that
 *   this user may not pass; %NULL when it can reach what lies in @path, or when this program is
 *   not root and so cannot tell.
 */
char *
bk_find_impassable (const char *path, uid_t uid, gid_t gid)
{
  Walk w = { path, uid, gid };

  return g_thread_join (bk_thread_new ("passable", walk, &w));
}
