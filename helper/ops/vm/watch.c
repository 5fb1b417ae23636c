#include "ops/vm/watch.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/watch.h"

#include <string.h>

/* How often the connection is looked at; events do not wait for it. */
#define ALIVE_MSECS 1000

/* Several files change when one thing happens; they are told as one change. */
#define SETTLE_MSECS 40

struct _BkVmWatch
{
  BkHypervisor *hypervisor;
  char *repository_path;
  BkRepository *repository; /* (nullable) there is none before the first backup */
  guint watch_id;
  BkWatch *directories;
  GHashTable *names; /* directory's id → VM name */
  int vm_folder;     /* id of vm/, where projects appear; -1 while it is not there */
  GMutex lock;
  GHashTable *changed_uuids; /* under lock: filled by the hypervisor's thread */
};

static void
on_event (const char *uuid, gpointer user_data)
{
  BkVmWatch *watch = user_data;

  g_mutex_lock (&watch->lock);
  g_hash_table_add (watch->changed_uuids, g_strdup (uuid));
  g_mutex_unlock (&watch->lock);
  bk_watch_wake (watch->directories);
}

static void
add_name (GPtrArray *names, const char *name)
{
  if (bk_name_is_safe (name) && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
    g_ptr_array_add (names, g_strdup (name));
}

/* Begins to watch vm/ if it is there by now. The projects in it came before the watch did: they
 * are told as changed. */
static void
watch_vm_folder (BkVmWatch *watch, GPtrArray *names)
{
  autofd int fd = -1;

  if (watch->repository == NULL || watch->vm_folder >= 0)
    return;
  fd = bk_open_directory_at (bk_repository_fd (watch->repository),
                             bk_project_kind_folder (BK_PROJECT_VM), NULL);
  if (fd < 0)
    return;
  watch->vm_folder = bk_watch_add_directory (watch->directories, fd, NULL);

  g_autoptr (GPtrArray) projects = bk_list_directory (fd, NULL);
  for (guint i = 0; projects != NULL && i < projects->len; i++)
    add_name (names, g_ptr_array_index (projects, i));
}

static gboolean
watch_repository (BkVmWatch *watch, GPtrArray *names, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (watch->repository != NULL)
    return TRUE;
  watch->repository = bk_repository_open (watch->repository_path, &local);
  if (watch->repository == NULL)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (bk_watch_add_directory (watch->directories, bk_repository_fd (watch->repository), error) < 0)
    return FALSE;
  watch_vm_folder (watch, names);
  return TRUE;
}

/**
 * bk_vm_watch_new:
 * @repository_path: where the repository is, or will be once there is a first backup
 *
 * Begins to watch before the caller lists, so that nothing falls between the two.
 */
BkVmWatch *
bk_vm_watch_new (BkHypervisor *hypervisor, const char *repository_path, GError **error)
{
  g_autoptr (BkVmWatch) watch = g_new0 (BkVmWatch, 1);
  g_autoptr (GPtrArray) listed_anyway = g_ptr_array_new_with_free_func (g_free);

  g_mutex_init (&watch->lock);
  watch->hypervisor = g_object_ref (hypervisor);
  watch->repository_path = g_strdup (repository_path);
  watch->names = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  watch->changed_uuids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  watch->vm_folder = -1;
  watch->directories = bk_watch_new (error);
  if (watch->directories == NULL || !watch_repository (watch, listed_anyway, error))
    return NULL;
  watch->watch_id = bk_hypervisor_watch (hypervisor, on_event, watch, error);
  return watch->watch_id == 0 ? NULL : g_steal_pointer (&watch);
}

/**
 * bk_vm_watch_repository:
 *
 * Returns: (transfer none) (nullable): the repository, once there is one.
 */
BkRepository *
bk_vm_watch_repository (BkVmWatch *watch)
{
  return watch->repository;
}

void
bk_vm_watch_free (BkVmWatch *watch)
{
  if (watch->watch_id != 0)
    bk_hypervisor_unwatch (watch->hypervisor, watch->watch_id);
  g_clear_pointer (&watch->directories, bk_watch_free);
  g_hash_table_unref (watch->changed_uuids);
  g_hash_table_unref (watch->names);
  g_clear_object (&watch->repository);
  g_free (watch->repository_path);
  g_clear_object (&watch->hypervisor);
  g_mutex_clear (&watch->lock);
  g_free (watch);
}

/**
 * bk_vm_watch_follow:
 *
 * Watches the project of this VM, if it has one. May be called again for the same name.
 */
void
bk_vm_watch_follow (BkVmWatch *watch, const char *vm_name)
{
  g_autofree char *project_id = g_strconcat ("vm/", vm_name, NULL);
  autofd int fd = -1;

  if (watch->repository == NULL || !bk_name_is_safe (vm_name))
    return;
  fd = bk_open_directory_at (bk_repository_fd (watch->repository), project_id, NULL);

  int id = fd < 0 ? -1 : bk_watch_add_directory (watch->directories, fd, NULL);
  if (id >= 0)
    g_hash_table_insert (watch->names, GINT_TO_POINTER (id), g_strdup (vm_name));
}

static void
add_all_names (BkVmWatch *watch, GPtrArray *names)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, watch->names);
  while (g_hash_table_iter_next (&iter, NULL, &name))
    add_name (names, name);
}

static void
take_directory_events (BkVmWatch *watch, GPtrArray *names)
{
  BkWatchEvent event;

  while (bk_watch_take (watch->directories, &event))
    {
      const char *name = g_hash_table_lookup (watch->names, GINT_TO_POINTER (event.id));

      if (event.id < 0)
        add_all_names (watch, names); /* events were lost */
      else if (name != NULL)
        add_name (names, name);
      else if (event.id == watch->vm_folder)
        add_name (names, event.name);
      else
        watch_vm_folder (watch, names); /* the repository's own directory */
    }
}

static void
take_uuids (BkVmWatch *watch, GPtrArray *uuids)
{
  GHashTableIter iter;
  gpointer uuid;

  g_mutex_lock (&watch->lock);
  g_hash_table_iter_init (&iter, watch->changed_uuids);
  while (g_hash_table_iter_next (&iter, &uuid, NULL))
    {
      g_ptr_array_add (uuids, uuid);
      g_hash_table_iter_steal (&iter);
    }
  g_mutex_unlock (&watch->lock);
}

/**
 * bk_vm_watch_wait:
 * @uuids: filled with the UUIDs of VMs that something happened to
 * @names: filled with the names of VMs whose project changed
 *
 * Waits until at least one of the two has something in it.
 *
 * Errors: cancellation; %BK_ERROR_UNAVAILABLE when libvirt no longer answers.
 */
gboolean
bk_vm_watch_wait (
    BkVmWatch *watch, GPtrArray *uuids, GPtrArray *names, GCancellable *cancellable, GError **error)
{
  while (uuids->len + names->len == 0)
    {
      if (!bk_watch_wait (watch->directories, ALIVE_MSECS, cancellable, error) ||
          !watch_repository (watch, names, error))
        return FALSE;
      take_directory_events (watch, names);
      take_uuids (watch, uuids);
      if (uuids->len + names->len == 0 &&
          !bk_hypervisor_watch_is_alive (watch->hypervisor, watch->watch_id))
        {
          bk_set_error (error, BK_ERROR_UNAVAILABLE,
                        "The connection to libvirt was lost; is libvirtd running?");
          return FALSE;
        }
    }
  if (!bk_watch_wait (watch->directories, SETTLE_MSECS, cancellable, error))
    return FALSE;
  take_directory_events (watch, names);
  take_uuids (watch, uuids);
  return TRUE;
}
