/* What is done to a VM around its copy: its guest held still, started paused, stopped, defined. */
#include "base/error.h"
#include "vm/libvirt-private.h"

#include <unistd.h>

/* A guest can take long to write out what it holds; one that takes longer than this is not waited for. */
#define AGENT_RESPONSE_SECONDS 30

#define GUARD_KEY "thaw-guard"

static void
leave_session (gpointer data)
{
  setsid ();
}

/* A process of its own that thaws the guest should this one die (vm/thaw-guard.c). Its stdin is open
 * for as long as the guest is frozen. */
static gboolean
start_guard (BkLibvirt *self, const char *uuid, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                                 G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) local = NULL;

  g_subprocess_launcher_set_child_setup (launcher, leave_session, NULL, NULL);
  GSubprocess *guard = g_subprocess_launcher_spawn (launcher, &local, "/proc/self/exe",
                                                    "thaw-guard", self->uri, uuid, NULL);
  if (guard == NULL)
    bk_set_error (
        error, BK_ERROR_FAILED,
        "The guest's file systems are not held still: the process that would thaw them after a "
        "crash cannot be started: %s",
        local->message);
  else
    g_object_set_data_full (G_OBJECT (self), GUARD_KEY, guard, g_object_unref);
  return guard != NULL;
}

static void
dismiss_guard (BkLibvirt *self)
{
  g_autoptr (GSubprocess) guard = g_object_steal_data (G_OBJECT (self), GUARD_KEY);

  if (guard == NULL)
    return;
  g_output_stream_write (g_subprocess_get_stdin_pipe (guard), "1", 1, NULL, NULL);
  g_subprocess_wait (guard, NULL, NULL);
}

static BkFreeze
ask_to_freeze (virDomainPtr domain, GError **error)
{
  virDomainAgentSetResponseTimeout (domain, AGENT_RESPONSE_SECONDS, 0);
  if (virDomainFSFreeze (domain, NULL, 0, 0) >= 0)
    return BK_FREEZE_DONE;

  int code = virGetLastErrorCode ();
  /* libvirt's word for "no agent is configured" */
  if (code == VIR_ERR_ARGUMENT_UNSUPPORTED || code == VIR_ERR_CONFIG_UNSUPPORTED)
    return BK_FREEZE_NO_AGENT;
  bk_libvirt_set_error (error, "The file systems of “%s” did not hold still",
                        virDomainGetName (domain));
  /* It may answer too late, or hold some file systems still before it fails. */
  virDomainFSThaw (domain, NULL, 0, 0);
  return BK_FREEZE_FAILED;
}

static BkFreeze
freeze (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  BkLibvirt *self = BK_LIBVIRT (hypervisor);
  autodomain virDomainPtr domain = bk_libvirt_domain (self, uuid, error);

  if (domain == NULL || !start_guard (self, uuid, error))
    return BK_FREEZE_FAILED;

  BkFreeze frozen = ask_to_freeze (domain, error);
  if (frozen != BK_FREEZE_DONE)
    dismiss_guard (self);
  return frozen;
}

/* Where it fails the guard stays: it tries on, and longer. */
static gboolean
thaw (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  BkLibvirt *self = BK_LIBVIRT (hypervisor);
  autodomain virDomainPtr domain = bk_libvirt_domain (self, uuid, error);
  if (domain == NULL)
    return FALSE;
  if (virDomainFSThaw (domain, NULL, 0, 0) >= 0)
    {
      virDomainAgentSetResponseTimeout (domain, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, 0);
      dismiss_guard (self);
      return TRUE;
    }
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
  bk_libvirt_set_error (error,
                        "The VM “%s” is shut off, and cannot be started for its backup (try again "
                        "once “virsh start” works)",
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
