#pragma once

#include "model/vm-plan.h"

#include <gio/gio.h>
#include <sys/types.h>

/*
 * What the operations need of a hypervisor, and nothing of how libvirt says it. The libvirt
 * implementation is vm/libvirt.h; unit tests hand in their own.
 *
 * A VM is named by its UUID: its name can be another one's by the next call. Every function is
 * synchronous and may be called from any thread. Errors: %BK_ERROR_UNAVAILABLE when the hypervisor
 * does not answer, %BK_ERROR_NOT_FOUND for a VM that is gone, %BK_ERROR_DENIED.
 */

/* One disk of a backup: a target file that exists already, qcow2, of the disk's size. */
typedef struct
{
  char *target;         /* vda */
  char *file;           /* absolute path of the file to write */
  gboolean incremental; /* only what changed since parent_checkpoint; else everything */
  gboolean checkpoint;  /* record from now on what changes */
} BkVmBackupDisk;

typedef struct
{
  char *checkpoint_name;   /* (nullable) made in the same instant as the copy begins */
  char *parent_checkpoint; /* (nullable) what incremental disks are relative to */
  GPtrArray *disks;        /* of BkVmBackupDisk */
} BkVmBackup;

BkVmBackup *bk_vm_backup_new (const char *checkpoint_name, const char *parent_checkpoint);
void bk_vm_backup_add_disk (BkVmBackup *backup,
                            const char *target,
                            const char *file,
                            gboolean incremental,
                            gboolean checkpoint);
void bk_vm_backup_free (BkVmBackup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkVmBackup, bk_vm_backup_free)

/* An image in a storage pool. */
typedef struct
{
  char *path;
  char *pool;
  char *format;
  char *backing_path; /* (nullable) the image it is built upon */
  guint64 capacity_bytes;
  guint64 allocation_bytes;
} BkVmImage;

void bk_vm_image_free (BkVmImage *image);

/* Something happened to the VM of this UUID: look at it again; it may be gone. */
typedef void (*BkVmEventFunc) (const char *uuid, gpointer user_data);
typedef void (*BkVmProgressFunc) (guint64 done_bytes, guint64 total_bytes, gpointer user_data);

typedef enum
{
  BK_FREEZE_DONE,
  BK_FREEZE_NO_AGENT, /* the VM has none: nothing is wrong */
  BK_FREEZE_FAILED,   /* it has one that did not do it */
} BkFreeze;

#define BK_TYPE_HYPERVISOR (bk_hypervisor_get_type ())
G_DECLARE_INTERFACE (BkHypervisor, bk_hypervisor, BK, HYPERVISOR, GObject)

struct _BkHypervisorInterface
{
  GTypeInterface parent;

  GPtrArray *(*list) (BkHypervisor *self, GCancellable *cancellable, GError **error);
  BkVm *(*find_by_name) (BkHypervisor *self, const char *name, GError **error);
  BkVm *(*find_by_uuid) (BkHypervisor *self, const char *uuid, GError **error);
  char *(*get_xml) (BkHypervisor *self, const char *uuid, GError **error);
  char *(*dup_tpm_directory) (BkHypervisor *self, const char *uuid);
  gboolean (*get_writer) (BkHypervisor *self, const char *uuid, uid_t *uid, gid_t *gid);
  GPtrArray *(*list_images) (BkHypervisor *self, GCancellable *cancellable, GError **error);

  gboolean (*begin_backup) (BkHypervisor *self,
                            const char *uuid,
                            const BkVmBackup *backup,
                            char **lost_disk,
                            GError **error);
  gboolean (*wait_backup) (BkHypervisor *self,
                           const char *uuid,
                           BkVmProgressFunc progress_func,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error);
  char *(*running_backup_file) (BkHypervisor *self, const char *uuid, GError **error);
  gboolean (*abort_backup) (BkHypervisor *self, const char *uuid, GError **error);

  gboolean (*limit_backup) (BkHypervisor *self,
                            const char *uuid,
                            const BkVmBackup *backup,
                            guint64 bytes_per_second,
                            GError **error);
  BkFreeze (*freeze) (BkHypervisor *self, const char *uuid, GError **error);
  gboolean (*thaw) (BkHypervisor *self, const char *uuid, GError **error);

  GStrv (*list_checkpoints) (BkHypervisor *self, const char *uuid, GError **error);
  GPtrArray *(*get_recorded) (BkHypervisor *self,
                              const char *uuid,
                              const char *checkpoint,
                              GError **error);
  gboolean (*delete_checkpoint) (BkHypervisor *self,
                                 const char *uuid,
                                 const char *name,
                                 GError **error);

  gboolean (*drop_checkpoint_record) (BkHypervisor *self,
                                      const char *uuid,
                                      const char *name,
                                      GError **error);
  gboolean (*delete_bitmap) (
      BkHypervisor *self, const char *uuid, const char *name, const char *target, GError **error);
  char *(*define) (BkHypervisor *self, const char *xml, GError **error);

  gboolean (*start_paused) (BkHypervisor *self, const char *uuid, GError **error);
  gboolean (*destroy) (BkHypervisor *self, const char *uuid, GError **error);

  guint (*watch) (BkHypervisor *self, BkVmEventFunc event_func, gpointer user_data, GError **error);
  gboolean (*watch_is_alive) (BkHypervisor *self, guint watch_id);
  void (*unwatch) (BkHypervisor *self, guint watch_id);
};

GPtrArray *bk_hypervisor_list (BkHypervisor *self, GCancellable *cancellable, GError **error);
BkVm *bk_hypervisor_find_by_name (BkHypervisor *self, const char *name, GError **error);
BkVm *bk_hypervisor_find_by_uuid (BkHypervisor *self, const char *uuid, GError **error);
char *bk_hypervisor_get_xml (BkHypervisor *self, const char *uuid, GError **error);
char *bk_hypervisor_dup_tpm_directory (BkHypervisor *self, const char *uuid);
gboolean
bk_hypervisor_get_writer (BkHypervisor *self, const char *uuid, uid_t *uid, gid_t *gid);
GPtrArray *
bk_hypervisor_list_images (BkHypervisor *self, GCancellable *cancellable, GError **error);

gboolean bk_hypervisor_begin_backup (BkHypervisor *self,
                                     const char *uuid,
                                     const BkVmBackup *backup,
                                     char **lost_disk,
                                     GError **error);
gboolean bk_hypervisor_wait_backup (BkHypervisor *self,
                                    const char *uuid,
                                    BkVmProgressFunc progress_func,
                                    gpointer user_data,
                                    GCancellable *cancellable,
                                    GError **error);
char *bk_hypervisor_running_backup_file (BkHypervisor *self, const char *uuid, GError **error);
gboolean bk_hypervisor_abort_backup (BkHypervisor *self, const char *uuid, GError **error);

gboolean bk_hypervisor_limit_backup (BkHypervisor *self,
                                     const char *uuid,
                                     const BkVmBackup *backup,
                                     guint64 bytes_per_second,
                                     GError **error);
BkFreeze bk_hypervisor_freeze (BkHypervisor *self, const char *uuid, GError **error);
gboolean bk_hypervisor_thaw (BkHypervisor *self, const char *uuid, GError **error);

GStrv bk_hypervisor_list_checkpoints (BkHypervisor *self, const char *uuid, GError **error);
GPtrArray *bk_hypervisor_get_recorded (BkHypervisor *self,
                                       const char *uuid,
                                       const char *checkpoint,
                                       GError **error);
gboolean bk_hypervisor_delete_checkpoint (BkHypervisor *self,
                                          const char *uuid,
                                          const char *name,
                                          GError **error);

gboolean bk_hypervisor_drop_checkpoint_record (BkHypervisor *self,
                                               const char *uuid,
                                               const char *name,
                                               GError **error);
gboolean bk_hypervisor_delete_bitmap (
    BkHypervisor *self, const char *uuid, const char *name, const char *target, GError **error);
char *bk_hypervisor_define (BkHypervisor *self, const char *xml, GError **error);

gboolean bk_hypervisor_start_paused (BkHypervisor *self, const char *uuid, GError **error);
gboolean bk_hypervisor_destroy (BkHypervisor *self, const char *uuid, GError **error);

gboolean bk_hypervisor_get_active (BkHypervisor *self,
                                   const char *uuid,
                                   gboolean *is_active,
                                   GError **error);

guint bk_hypervisor_watch (BkHypervisor *self,
                           BkVmEventFunc event_func,
                           gpointer user_data,
                           GError **error);
gboolean bk_hypervisor_watch_is_alive (BkHypervisor *self, guint watch_id);
void bk_hypervisor_unwatch (BkHypervisor *self, guint watch_id);
