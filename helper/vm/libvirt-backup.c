#include "vm/backup-xml.h"

#include "base/error.h"
#include "base/gettext.h"
#include "vm/libvirt-private.h"

#include <stdlib.h>
#include <string.h>

/* How often progress is asked for; the end itself comes as an event. */
#define POLL_USECS (200 * G_TIME_SPAN_MILLISECOND)

/* Between QEMU's end and libvirt's taking note of it. */
#define STOP_USECS (5 * G_TIME_SPAN_SECOND)

static gboolean
refuse_if_busy (virDomainPtr domain, GError **error)
{
  virDomainJobInfo info;

  /* A second backup, or a snapshot, would block for 30 seconds before it fails. */
  if (virDomainGetJobInfo (domain, &info) == 0 && info.type != VIR_DOMAIN_JOB_NONE)
    {
      bk_set_error (error, BK_ERROR_BUSY,
                    "Another job of libvirt works on the VM “%s”; wait until it has ended",
                    virDomainGetName (domain));
      return FALSE;
    }
  return TRUE;
}

/* Which disk's bitmap libvirt complains of: it names the disk in quotes, in whatever language. Where
 * that is not the name of exactly one, nobody knows. */
static char *
find_lost_disk (const BkVmBackup *backup)
{
  const char *message = virGetLastErrorMessage ();
  const char *found = NULL;

  for (guint i = 0; i < backup->disks->len; i++)
    {
      const BkVmBackupDisk *disk = g_ptr_array_index (backup->disks, i);
      g_autofree char *quoted = g_strdup_printf ("'%s'", disk->target);

      if (!disk->incremental || message == NULL || strstr (message, quoted) == NULL)
        continue;
      if (found != NULL)
        return NULL;
      found = disk->target;
    }
  return g_strdup (found);
}

static gboolean
begin_backup (BkHypervisor *hypervisor,
              const char *uuid,
              const BkVmBackup *backup,
              char **lost_disk,
              GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  g_autoptr (BkVm) vm =
      domain == NULL ? NULL : bk_hypervisor_find_by_uuid (hypervisor, uuid, error);

  if (vm == NULL || !refuse_if_busy (domain, error))
    return FALSE;

  g_autofree char *backup_xml = bk_backup_xml_new (backup, vm);
  g_autofree char *checkpoint_xml = bk_checkpoint_xml_new (backup, vm);
  if (virDomainBackupBegin (domain, backup_xml, checkpoint_xml,
                            VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL) == 0)
    return TRUE;
  *lost_disk = find_lost_disk (backup);
  bk_libvirt_set_error (error, "The copy of the VM “%s” did not begin", vm->name);
  return FALSE;
}

/* Waits for the event that the VM's job has ended. Shared by the waiting thread and the event
 * loop's, whichever lets it go last. */
typedef struct
{
  gatomicrefcount references;
  GMutex lock;
  GCond ended;
  gboolean has_ended;
} JobEnd;

static JobEnd *
job_end_new (void)
{
  JobEnd *end = g_new0 (JobEnd, 1);

  g_atomic_ref_count_init (&end->references);
  g_mutex_init (&end->lock);
  g_cond_init (&end->ended);
  return end;
}

static void
job_end_unref (void *data)
{
  JobEnd *end = data;

  if (!g_atomic_ref_count_dec (&end->references))
    return;
  g_mutex_clear (&end->lock);
  g_cond_clear (&end->ended);
  g_free (end);
}

static void
on_job_completed (
    virConnectPtr connect, virDomainPtr domain, virTypedParameterPtr params, int count, void *data)
{
  JobEnd *end = data;

  g_mutex_lock (&end->lock);
  end->has_ended = TRUE;
  g_cond_broadcast (&end->ended);
  g_mutex_unlock (&end->lock);
}

static void
job_end_wait (JobEnd *end)
{
  gint64 until = g_get_monotonic_time () + POLL_USECS;

  g_mutex_lock (&end->lock);
  while (!end->has_ended && g_cond_wait_until (&end->ended, &end->lock, until))
    ;
  g_mutex_unlock (&end->lock);
}

/* By a person, by its guest, or by a crash: QEMU ends its copy, which then fails without a reason. */
static gboolean
is_stopped (virDomainPtr domain)
{
  int state = VIR_DOMAIN_SHUTOFF;

  return virDomainGetState (domain, &state, NULL, 0) == 0 &&
         (state == VIR_DOMAIN_SHUTDOWN || state == VIR_DOMAIN_SHUTOFF ||
          state == VIR_DOMAIN_CRASHED);
}

/* Who asks in the moment of QEMU's end hears of its monitor, before libvirt knows that the VM is off. */
static gboolean
is_stopped_soon (virDomainPtr domain)
{
  gint64 until = g_get_monotonic_time () + STOP_USECS;
  gboolean stopped = is_stopped (domain);

  while (!stopped && virConnectIsAlive (virDomainGetConnect (domain)) == 1 &&
         g_get_monotonic_time () < until)
    {
      g_usleep (POLL_USECS);
      stopped = is_stopped (domain);
    }
  return stopped;
}

static void
set_stopped (virDomainPtr domain, GError **error)
{
  bk_set_error (error, BK_ERROR_FAILED,
                "The VM “%s” was stopped while it was being copied; run the backup again",
                virDomainGetName (domain));
}

typedef enum
{
  JOB_RUNS,
  JOB_ENDED,
  JOB_UNKNOWN, /* and the error says why */
} JobState;

static JobState
look_at_job (virDomainPtr domain,
             BkVmProgressFunc progress_func,
             gpointer user_data,
             GError **error)
{
  virTypedParameterPtr params = NULL;
  int count = 0;
  int type = VIR_DOMAIN_JOB_NONE;
  unsigned long long done = 0;
  unsigned long long total = 0;

  if (virDomainGetJobStats (domain, &type, &params, &count, 0) < 0)
    {
      virErrorPtr last = virSaveLastError ();

      if (virGetLastErrorCode () == VIR_ERR_OPERATION_INVALID || is_stopped_soon (domain))
        set_stopped (domain, error);
      else
        bk_libvirt_set_error_from (error, last, "The copy of the VM “%s” cannot be followed",
                                   virDomainGetName (domain));
      virFreeError (last);
      return JOB_UNKNOWN;
    }
  virTypedParamsGetULLong (params, count, VIR_DOMAIN_JOB_DISK_PROCESSED, &done);
  virTypedParamsGetULLong (params, count, VIR_DOMAIN_JOB_DISK_TOTAL, &total);
  virTypedParamsFree (params, count);
  if (type == VIR_DOMAIN_JOB_NONE)
    return JOB_ENDED;
  if (progress_func != NULL)
    progress_func (done, total, user_data);
  return JOB_RUNS;
}

/* How the job that has just ended went: its statistics keep success and libvirt's message. */
static gboolean
read_outcome (virDomainPtr domain, GError **error)
{
  virTypedParameterPtr params = NULL;
  int count = 0;
  int type = VIR_DOMAIN_JOB_NONE;
  int success = 0;
  const char *message = NULL;

  if (virDomainGetJobStats (domain, &type, &params, &count, VIR_DOMAIN_JOB_STATS_COMPLETED) < 0)
    {
      virErrorPtr last = virSaveLastError ();

      if (is_stopped_soon (domain))
        set_stopped (domain, error);
      else
        bk_libvirt_set_error_from (error, last, "How the copy of the VM “%s” ended cannot be read",
                                   virDomainGetName (domain));
      virFreeError (last);
      return FALSE;
    }
  virTypedParamsGetBoolean (params, count, VIR_DOMAIN_JOB_SUCCESS, &success);
  virTypedParamsGetString (params, count, VIR_DOMAIN_JOB_ERRMSG, &message);
  gboolean completed = type == VIR_DOMAIN_JOB_COMPLETED && success != 0;
  if (!completed && message == NULL && is_stopped (domain))
    set_stopped (domain, error);
  else if (!completed)
    {
      g_autofree char *why = bk_error_one_line (
          message != NULL ? message
                          : (type == VIR_DOMAIN_JOB_CANCELLED ? _ ("it was ended from outside")
                                                              : _ ("libvirt does not say why")));
      gboolean full = strstr (why, "No space left on device") != NULL;

      bk_set_error (error, full ? BK_ERROR_NO_SPACE : BK_ERROR_FAILED,
                    "The copy of the VM “%s” failed: %s", virDomainGetName (domain), why);
    }
  virTypedParamsFree (params, count);
  return completed;
}

static gboolean
follow_job (virDomainPtr domain,
            JobEnd *end,
            BkVmProgressFunc progress_func,
            gpointer user_data,
            GCancellable *cancellable,
            GError **error)
{
  gboolean aborted = FALSE;

  while (TRUE)
    {
      switch (look_at_job (domain, progress_func, user_data, error))
        {
        case JOB_UNKNOWN:
          return FALSE;
        case JOB_ENDED:
          if (aborted)
            {
              g_cancellable_set_error_if_cancelled (cancellable, error);
              return FALSE;
            }
          return read_outcome (domain, error);
        case JOB_RUNS:
          break;
        }
      if (g_cancellable_is_cancelled (cancellable) && !aborted)
        aborted = virDomainAbortJob (domain) == 0; /* busy with something else: asked again */
      job_end_wait (end);
    }
}

static gboolean
wait_backup (BkHypervisor *hypervisor,
             const char *uuid,
             BkVmProgressFunc progress_func,
             gpointer user_data,
             GCancellable *cancellable,
             GError **error)
{
  autoconnect virConnectPtr connect = bk_libvirt_connect (BK_LIBVIRT (hypervisor), error);
  autodomain virDomainPtr domain =
      connect == NULL ? NULL : bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);

  if (domain == NULL)
    return FALSE;

  JobEnd *end = job_end_new ();
  g_atomic_ref_count_inc (&end->references);
  int watch = virConnectDomainEventRegisterAny (connect, domain, VIR_DOMAIN_EVENT_ID_JOB_COMPLETED,
                                                VIR_DOMAIN_EVENT_CALLBACK (on_job_completed), end,
                                                job_end_unref);
  if (watch < 0)
    job_end_unref (end);

  gboolean completed = follow_job (domain, end, progress_func, user_data, cancellable, error);

  if (watch >= 0)
    virConnectDomainEventDeregisterAny (connect, watch);
  job_end_unref (end);
  return completed;
}

static char *
running_backup_file (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return NULL;

  char *xml = virDomainBackupGetXMLDesc (domain, 0);
  if (xml == NULL)
    {
      int code = virGetLastErrorCode ();

      if (code != VIR_ERR_NO_DOMAIN_BACKUP && code != VIR_ERR_OPERATION_INVALID)
        bk_libvirt_set_error (error, "Whether a backup of the VM “%s” runs cannot be read",
                              virDomainGetName (domain));
      return NULL;
    }
  char *file = bk_backup_xml_target_file (xml);
  free (xml);
  return file;
}

static gboolean
abort_backup (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  if (domain == NULL)
    return FALSE;

  virDomainAbortJob (domain);
  for (guint i = 0; i < 150; i++) /* 30 seconds: QEMU may have to finish a write first */
    {
      virDomainJobInfo info;

      if (virDomainGetJobInfo (domain, &info) < 0 || info.type == VIR_DOMAIN_JOB_NONE)
        return TRUE;
      g_usleep (POLL_USECS);
    }
  bk_set_error (error, BK_ERROR_BUSY,
                "The copy of the VM “%s” that an earlier run left behind does not end",
                virDomainGetName (domain));
  return FALSE;
}

/* A disk that is copied already has no job, or one that waits for those of the others. */
static gboolean
is_copied (virDomainPtr domain, const char *target)
{
  virDomainBlockJobInfo info = { 0 };
  int found = virDomainGetBlockJobInfo (domain, target, &info, 0);

  return found == 0 || (found > 0 && info.cur == info.end);
}

static gboolean
limit_disk (virDomainPtr domain, const char *target, guint64 bytes_per_second, GError **error)
{
  if (virDomainBlockJobSetSpeed (domain, target, bytes_per_second,
                                 VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES) == 0)
    return TRUE;

  virErrorPtr last = virSaveLastError ();
  gboolean copied = is_copied (domain, target);

  if (!copied)
    bk_libvirt_set_error_from (error, last, "The copy of the disk %s cannot be limited", target);
  virFreeError (last);
  return copied;
}

static gboolean
limit_backup (BkHypervisor *hypervisor,
              const char *uuid,
              const BkVmBackup *backup,
              guint64 bytes_per_second,
              GError **error)
{
  autodomain virDomainPtr domain = bk_libvirt_domain (BK_LIBVIRT (hypervisor), uuid, error);
  guint64 share = bytes_per_second / MAX (backup->disks->len, 1);
  gboolean limited = domain != NULL;

  /* One that is not leaves the others theirs. */
  for (guint i = 0; domain != NULL && i < backup->disks->len; i++)
    {
      const BkVmBackupDisk *disk = g_ptr_array_index (backup->disks, i);

      if (!limit_disk (domain, disk->target, share, limited ? error : NULL))
        limited = FALSE;
    }
  return limited;
}

void
bk_libvirt_backup_iface (BkHypervisorInterface *iface)
{
  iface->begin_backup = begin_backup;
  iface->wait_backup = wait_backup;
  iface->running_backup_file = running_backup_file;
  iface->abort_backup = abort_backup;
  iface->limit_backup = limit_backup;
}
