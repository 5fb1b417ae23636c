#include "vm/libvirt-module.h"

#include "base/error.h"

#include <dlfcn.h>
#include <unistd.h>

#define MODULE_NAME "cockpit-backup-libvirt.so"
#define ENTRY_NAME "bk_libvirt_new"

typedef BkHypervisor *(*NewFunc) (const char *uri);

/**
 * bk_libvirt_prepare:
 *
 * To be called once, before there are threads. libvirt's client library logs to stderr by itself:
 * one warning each time because libvirt-glib brings an event loop of its own and finds ours, and
 * every error, which we report anyway. It keeps silent, unless the caller's environment says
 * otherwise.
 */
void
bk_libvirt_prepare (void)
{
  g_setenv ("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null", FALSE);
}

/* Beside the program in a build tree, which is never the installed one's; else where it is
 * installed. */
static char *
find_module (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = program == NULL ? NULL : g_path_get_dirname (program);
  g_autofree char *built =
      directory == NULL ? NULL : g_build_filename (directory, "vm", MODULE_NAME, NULL);

  if (built != NULL && access (built, F_OK) == 0)
    return g_steal_pointer (&built);
  return g_build_filename (BK_MODULE_DIR, MODULE_NAME, NULL);
}

static gpointer
load (gpointer data)
{
  char **why = data;
  g_autofree char *file = find_module ();
  /* It has threads of its own: it never goes away again. */
  void *module = dlopen (file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void *entry = module == NULL ? NULL : dlsym (module, ENTRY_NAME);

  if (entry == NULL)
    *why = bk_error_one_line (dlerror ());
  return entry;
}

/**
 * bk_libvirt_open:
 * @uri: for instance "qemu:///system"
 *
 * Errors: %BK_ERROR_UNAVAILABLE where libvirt's client library is not installed.
 *
 * Returns: (transfer full) (nullable): the port; no connection is opened yet.
 */
BkHypervisor *
bk_libvirt_open (const char *uri, GError **error)
{
  static GOnce once = G_ONCE_INIT;
  static char *why;
  NewFunc new_func = (NewFunc) g_once (&once, load, &why);

  if (new_func != NULL)
    return new_func (uri);
  bk_set_error (error, BK_ERROR_UNAVAILABLE,
                "VMs cannot be reached: %s; install libvirt's client library (libvirt0, "
                "libvirt-glib-1.0-0)",
                why);
  return NULL;
}
