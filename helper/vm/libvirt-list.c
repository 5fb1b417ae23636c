#include "base/error.h"
#include "format/domain-xml.h"
#include "format/host-xml.h"
#include "vm/libvirt-private.h"

#include <stdlib.h>
#include <string.h>

static BkVmState
state_of (int state)
{
  switch (state)
    {
    case VIR_DOMAIN_PAUSED:
      return BK_VM_PAUSED;
    case VIR_DOMAIN_SHUTOFF:
      return BK_VM_SHUTOFF;
    case VIR_DOMAIN_CRASHED:
      return BK_VM_CRASHED;
    case VIR_DOMAIN_PMSUSPENDED:
      return BK_VM_SUSPENDED;
    default: /* running, blocked on a resource, being shut down: its disks are in use */
      return BK_VM_RUNNING;
    }
}

static BkVmState
read_state (virDomainPtr domain, virDomainStatsRecordPtr record)
{
  int state = VIR_DOMAIN_SHUTOFF;

  if (record == NULL ||
      virTypedParamsGetInt (record->params, record->nparams, "state.state", &state) != 1)
    virDomainGetState (domain, &state, NULL, 0);
  return state_of (state);
}

/* Those of a VM that runs matter to nobody who asks here. */
static guint
count_snapshots (virDomainPtr domain, const BkVm *vm)
{
  int count = bk_vm_is_active (vm)
                  ? 0
                  : virDomainSnapshotNum (domain, VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL);

  return count < 0 ? 0 : (guint) count;
}

/* NULL without error for a VM that is gone since it was listed. */
static BkVm *
read_vm (virDomainPtr domain, virDomainStatsRecordPtr record, GError **error)
{
  char uuid[VIR_UUID_STRING_BUFLEN];
  char *xml = virDomainGetXMLDesc (domain, 0);

  if (xml == NULL || virDomainGetUUIDString (domain, uuid) < 0)
    {
      if (virGetLastErrorCode () != VIR_ERR_NO_DOMAIN)
        bk_libvirt_set_error (error, "The VM “%s” cannot be read", virDomainGetName (domain));
      free (xml);
      return NULL;
    }

  g_autoptr (BkVm) vm = bk_vm_new (virDomainGetName (domain), uuid);
  gboolean read = bk_domain_xml_read_disks (xml, vm, error);
  free (xml);
  if (!read)
    return NULL;
  vm->state = read_state (domain, record);
  vm->persistent = virDomainIsPersistent (domain) == 1;
  vm->snapshots_count = count_snapshots (domain, vm);
  vm->has_saved_memory = !bk_vm_is_active (vm) && virDomainHasManagedSaveImage (domain, 0) == 1;
  bk_libvirt_read_disks (domain, record, vm);
  return g_steal_pointer (&vm);
}

#define STATS (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_BLOCK)

/* One call for the state and the disks of all VMs. NOWAIT: a VM that is busy is told without its
 * disks' live figures, instead of holding up the list. */
static GHashTable *
collect_stats (virConnectPtr connect, virDomainStatsRecordPtr **records)
{
  GHashTable *by_uuid = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  int count = virConnectGetAllDomainStats (connect, STATS, records,
                                           VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT);

  if (count < 0)
    count = virConnectGetAllDomainStats (connect, 0, records, 0);
  for (int i = 0; i < count; i++)
    {
      char uuid[VIR_UUID_STRING_BUFLEN];

      if (virDomainGetUUIDString ((*records)[i]->dom, uuid) == 0)
        g_hash_table_insert (by_uuid, g_strdup (uuid), (*records)[i]);
    }
  return by_uuid;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate ((*(const BkVm *const *) a)->name, (*(const BkVm *const *) b)->name);
}

static gboolean
read_all (virDomainPtr *domains,
          int count,
          GHashTable *stats,
          GPtrArray *vms,
          GCancellable *cancellable,
          GError **error)
{
  for (int i = 0; i < count; i++)
    {
      char uuid[VIR_UUID_STRING_BUFLEN] = "";
      g_autoptr (GError) local = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      virDomainGetUUIDString (domains[i], uuid);
      BkVm *vm = read_vm (domains[i], g_hash_table_lookup (stats, uuid), &local);
      if (vm != NULL)
        g_ptr_array_add (vms, vm);
      else if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  return TRUE;
}

static GPtrArray *
list (BkHypervisor *hypervisor, GCancellable *cancellable, GError **error)
{
  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  virDomainPtr *domains = NULL;
  virDomainStatsRecordPtr *records = NULL;

  if (connect == NULL)
    return NULL;

  int count = virConnectListAllDomains (connect, &domains, 0);
  if (count < 0)
    {
      bk_libvirt_set_error (error, "The VMs cannot be listed");
      return NULL;
    }

  g_autoptr (GPtrArray) vms = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_vm_free);
  g_autoptr (GHashTable) stats = collect_stats (connect, &records);
  gboolean read = read_all (domains, count, stats, vms, cancellable, error);

  for (int i = 0; i < count; i++)
    virDomainFree (domains[i]);
  free (domains);
  virDomainStatsRecordListFree (records);
  if (!read)
    return NULL;
  g_ptr_array_sort (vms, compare_names);
  return g_steal_pointer (&vms);
}

/* Of one VM all has to be known, a backup is made by it: while libvirt does something else with the VM,
 * be it only to answer another, this waits for that (30 seconds at most, libvirt's own limit). */
static BkVm *
read_one (virConnectPtr connect, virDomainPtr domain, GError **error)
{
  virDomainPtr only[] = { domain, NULL };
  virDomainStatsRecordPtr *records = NULL;
  g_autoptr (GError) local = NULL;

  if (virDomainListGetStats (only, STATS, &records, 0) < 0)
    virDomainListGetStats (only, 0, &records, 0);

  BkVm *vm = read_vm (domain, records == NULL ? NULL : records[0], &local);
  if (vm == NULL && local == NULL)
    bk_set_error (&local, BK_ERROR_NOT_FOUND, "The VM “%s” was removed just now",
                  virDomainGetName (domain));
  virDomainStatsRecordListFree (records);
  if (vm == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return vm;
}

static BkVm *
find_by_name (BkHypervisor *hypervisor, const char *name, GError **error)
{
  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  if (connect == NULL)
    return NULL;

  autodomain virDomainPtr domain = virDomainLookupByName (connect, name);
  if (domain == NULL && virGetLastErrorCode () == VIR_ERR_NO_DOMAIN)
    {
      g_autofree char *line = bk_error_one_line (name);

      bk_set_error (error, BK_ERROR_NOT_FOUND,
                    "There is no VM “%s”; “cockpit-backup vm list” shows those there are", line);
      return NULL;
    }
  if (domain == NULL)
    {
      bk_libvirt_set_error (error, "The VM “%s” cannot be read", name);
      return NULL;
    }
  return read_one (connect, domain, error);
}

static BkVm *
find_by_uuid (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  autodomain virDomainPtr domain =
      connect == NULL ? NULL : bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);

  return domain == NULL ? NULL : read_one (connect, domain, error);
}

static char *
get_xml (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return NULL;

  /* SECURE: without the passwords of its consoles a restored VM would not be the same. */
  char *xml = virDomainGetXMLDesc (domain, VIR_DOMAIN_XML_SECURE | VIR_DOMAIN_XML_INACTIVE);
  if (xml == NULL)
    bk_libvirt_set_error (error, "The definition of the VM “%s” cannot be read",
                          virDomainGetName (domain));
  char *copy = g_strdup (xml);
  free (xml);
  return copy;
}

static void
read_volume_xml (virStorageVolPtr volume, BkVmImage *image)
{
  char *xml = virStorageVolGetXMLDesc (volume, 0);

  if (xml != NULL)
    bk_volume_xml_read (xml, &image->format, &image->backing_path, NULL);
  free (xml);
}

static void
add_volumes (virStoragePoolPtr pool, GPtrArray *images)
{
  virStorageVolPtr *volumes = NULL;
  int count = virStoragePoolListAllVolumes (pool, &volumes, 0);

  for (int i = 0; i < count; i++)
    {
      virStorageVolInfo info;
      char *path = virStorageVolGetPath (volumes[i]);

      if (path != NULL && virStorageVolGetInfo (volumes[i], &info) == 0 &&
          (info.type == VIR_STORAGE_VOL_FILE || info.type == VIR_STORAGE_VOL_BLOCK))
        {
          BkVmImage *image = g_new0 (BkVmImage, 1);

          image->path = g_strdup (path);
          image->pool = g_strdup (virStoragePoolGetName (pool));
          image->capacity_bytes = info.capacity;
          image->allocation_bytes = info.allocation;
          read_volume_xml (volumes[i], image);
          g_ptr_array_add (images, image);
        }
      free (path);
      virStorageVolFree (volumes[i]);
    }
  free (volumes);
}

static GPtrArray *
list_images (BkHypervisor *hypervisor, GCancellable *cancellable, GError **error)
{
  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  virStoragePoolPtr *pools = NULL;

  if (connect == NULL)
    return NULL;

  g_autoptr (GPtrArray) images = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_vm_image_free);
  int count =
      virConnectListAllStoragePools (connect, &pools, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
  if (count < 0 && virGetLastErrorCode () != VIR_ERR_NO_SUPPORT)
    {
      bk_libvirt_set_error (error, "The storage pools cannot be listed");
      return NULL;
    }
  for (int i = 0; i < count; i++)
    {
      if (!g_cancellable_is_cancelled (cancellable))
        add_volumes (pools[i], images);
      virStoragePoolFree (pools[i]);
    }
  free (pools);
  return g_steal_pointer (&images);
}

static gboolean
get_running_writer (BkHypervisor *hypervisor, const char *uuid, uid_t *uid, gid_t *gid)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, NULL);
  char *xml = domain == NULL ? NULL : virDomainGetXMLDesc (domain, 0);
  gboolean known = xml != NULL && bk_domain_xml_read_writer (xml, uid, gid);

  free (xml);
  return known;
}

/* A running VM says it itself. The host's capabilities say it of all others, and may take libvirt
 * seconds: it looks at every emulator that is installed. */
static gboolean
get_writer (BkHypervisor *hypervisor, const char *uuid, uid_t *uid, gid_t *gid)
{
  if (uuid != NULL && get_running_writer (hypervisor, uuid, uid, gid))
    return TRUE;

  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), NULL);
  char *xml = connect == NULL ? NULL : virConnectGetCapabilities (connect);
  gboolean known = xml != NULL && bk_host_xml_read_writer (xml, uid, gid);

  free (xml);
  return known;
}

void
bk_libvirt_list_iface (BkHypervisorInterface *iface)
{
  iface->list = list;
  iface->find_by_name = find_by_name;
  iface->find_by_uuid = find_by_uuid;
  iface->get_xml = get_xml;
  iface->get_writer = get_writer;
  iface->list_images = list_images;
}
