/* What is done to a VM around its copy: its guest held still, started paused, stopped, defined. */
#include "vm/libvirt-private.h"

static BkFreeze
freeze (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return BK_FREEZE_FAILED;
  if (virDomainFSFreeze (domain, NULL, 0, 0) >= 0)
    return BK_FREEZE_DONE;
  /* libvirt's word for "no agent is configured" */
  if (virGetLastErrorCode () == VIR_ERR_ARGUMENT_UNSUPPORTED ||
      virGetLastErrorCode () == VIR_ERR_CONFIG_UNSUPPORTED)
    return BK_FREEZE_NO_AGENT;
  bk_libvirt_set_error (error, "The file systems of “%s” did not hold still",
                        virDomainGetName (domain));
  return BK_FREEZE_FAILED;
}

static gboolean
thaw (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return FALSE;
  if (virDomainFSThaw (domain, NULL, 0, 0) >= 0)
    return TRUE;
  bk_libvirt_set_error (error, "The file systems of “%s” still hold still",
                        virDomainGetName (domain));
  return FALSE;
}

static char *
define (BkHypervisor *hypervisor, const char *xml, GError **error)
{
  char uuid[VIR_UUID_STRING_BUFLEN];
  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  autodomain virDomainPtr domain =
      connect == NULL ? NULL : virDomainDefineXMLFlags (connect, xml, 0);

  if (connect == NULL)
    return NULL;
  if (domain != NULL && virDomainGetUUIDString (domain, uuid) == 0)
    return g_strdup (uuid);
  bk_libvirt_set_error (error, "The restored VM cannot be defined");
  return NULL;
}

static gboolean
start_paused (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return FALSE;
  if (virDomainCreateWithFlags (domain, VIR_DOMAIN_START_PAUSED) == 0)
    return TRUE;
  bk_libvirt_set_error (error, "The VM “%s” is shut off, and cannot be started for its backup",
                        virDomainGetName (domain));
  return FALSE;
}

static gboolean
destroy (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return FALSE;
  if (virDomainDestroy (domain) == 0 || virGetLastErrorCode () == VIR_ERR_OPERATION_INVALID)
    return TRUE;
  bk_libvirt_set_error (error, "The VM “%s” cannot be stopped again", virDomainGetName (domain));
  return FALSE;
}

/* Where libvirt's system daemon has swtpm keep it (libvirt's formatdomain, “TPM device”). */
static char *
dup_tpm_directory (BkHypervisor *hypervisor, const char *uuid)
{
  return g_build_filename ("/var/lib/libvirt/swtpm", uuid, NULL);
}

void
bk_libvirt_machine_iface (BkHypervisorInterface *iface)
{
  iface->freeze = freeze;
  iface->thaw = thaw;
  iface->dup_tpm_directory = dup_tpm_directory;
  iface->define = define;
  iface->start_paused = start_paused;
  iface->destroy = destroy;
}
