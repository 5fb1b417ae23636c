#include "fakes/hypervisor.h"

#include <string.h>

typedef struct
{
  BkError code;
  char *lost_disk;
} Begin;

static void iface_init (BkHypervisorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (FakeHypervisor,
                               fake_hypervisor,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BK_TYPE_HYPERVISOR, iface_init))

static void
begin_free (gpointer data)
{
  g_free (((Begin *) data)->lost_disk);
  g_free (data);
}

static void
fake_hypervisor_finalize (GObject *object)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (object);

  bk_vm_free (self->vm);
  g_ptr_array_unref (self->checkpoints);
  g_clear_pointer (&self->recorded, g_ptr_array_unref);
  g_string_free (self->calls, TRUE);
  g_queue_clear_full (&self->begins, begin_free);
  g_free (self->tpm_directory);
  g_free (self->xml);
  g_free (self->running_file);
  g_free (self->backing);
  G_OBJECT_CLASS (fake_hypervisor_parent_class)->finalize (object);
}

static void
fake_hypervisor_class_init (FakeHypervisorClass *class)
{
  G_OBJECT_CLASS (class)->finalize = fake_hypervisor_finalize;
}

static void
fake_hypervisor_init (FakeHypervisor *self)
{
  self->checkpoints = g_ptr_array_new_with_free_func (g_free);
  self->calls = g_string_new (NULL);
  self->freezes = BK_FREEZE_NO_AGENT;
  self->wait_fails = -1;
  self->delete_fails = -1;
  self->bitmap_fails = -1;
  g_queue_init (&self->begins);
}

FakeHypervisor *
fake_hypervisor_new (const char *name, const char *uuid)
{
  FakeHypervisor *self = g_object_new (FAKE_TYPE_HYPERVISOR, NULL);

  self->vm = bk_vm_new (name, uuid);
  self->vm->state = BK_VM_RUNNING;
  self->vm->persistent = TRUE;
  return self;
}

BkVmDisk *
fake_hypervisor_add_disk (FakeHypervisor *self, const char *target, const char *format)
{
  BkVmDisk *disk = bk_vm_add_disk (self->vm, target);

  disk->device = g_strdup ("disk");
  disk->format = g_strdup (format);
  disk->source_type = g_strdup ("file");
  disk->path = g_strconcat ("/images/", target, NULL);
  disk->capacity_bytes = 1024 * 1024;
  disk->allocation_bytes = 4096;
  g_ptr_array_add (disk->images, g_strdup_printf ("file:/images/%s#1", target));
  return disk;
}

/* The next copy does not begin. */
void
fake_hypervisor_fail_begin (FakeHypervisor *self, BkError code, const char *lost_disk)
{
  Begin *begin = g_new0 (Begin, 1);

  begin->code = code;
  begin->lost_disk = g_strdup (lost_disk);
  g_queue_push_tail (&self->begins, begin);
}

/* Returns: (transfer full): what was called since the last time. */
char *
fake_hypervisor_take_calls (FakeHypervisor *self)
{
  char *calls = g_strdup (g_strstrip (self->calls->str));

  g_string_set_size (self->calls, 0);
  return calls;
}

static gboolean
fail (BkError code, GError **error)
{
  bk_set_error (error, code, "%s", "As the test asked for");
  return FALSE;
}

static BkVm *
copy_vm (FakeHypervisor *self)
{
  BkVm *copy = bk_vm_new (self->vm->name, self->vm->uuid);

  copy->state = self->vm->state;
  copy->persistent = self->vm->persistent;
  copy->has_saved_memory = self->vm->has_saved_memory;
  copy->snapshots_count = self->vm->snapshots_count;
  for (guint i = 0; i < self->vm->disks->len; i++)
    {
      const BkVmDisk *disk = g_ptr_array_index (self->vm->disks, i);
      BkVmDisk *own = bk_vm_add_disk (copy, disk->target);

      own->device = g_strdup (disk->device);
      own->format = g_strdup (disk->format);
      own->source_type = g_strdup (disk->source_type);
      own->path = g_strdup (disk->path);
      own->capacity_bytes = disk->capacity_bytes;
      own->allocation_bytes = disk->allocation_bytes;
      for (guint k = 0; k < disk->images->len; k++)
        g_ptr_array_add (own->images, g_strdup (g_ptr_array_index (disk->images, k)));
    }
  return copy;
}

static BkVm *
find_by_name (BkHypervisor *hypervisor, const char *name, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  return strcmp (name, self->vm->name) == 0 ? copy_vm (self)
                                            : (fail (BK_ERROR_NOT_FOUND, error), NULL);
}

static BkVm *
find_by_uuid (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  if (self->starts_at_look > 0 && --self->starts_at_look == 0)
    self->vm->state = BK_VM_RUNNING;

  return strcmp (uuid, self->vm->uuid) == 0 ? copy_vm (self)
                                            : (fail (BK_ERROR_NOT_FOUND, error), NULL);
}

static char *
get_xml (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  const FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  return g_strdup (self->xml == NULL ? "<domain/>" : self->xml);
}

static char *
dup_tpm_directory (BkHypervisor *hypervisor, const char *uuid)
{
  return g_strdup (FAKE_HYPERVISOR (hypervisor)->tpm_directory);
}

static void
name_backing (FakeHypervisor *self, const BkVmBackup *backup)
{
  for (guint i = 0; i < backup->disks->len; i++)
    {
      const BkVmBackupDisk *disk = g_ptr_array_index (backup->disks, i);
      const char *const command[] = { "qemu-img", "rebase",      "-q", "-u",       "-F", "raw",
                                      "-b",       self->backing, "--", disk->file, NULL };
      int status = -1;

      g_assert_true (g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                                   NULL, NULL, &status, NULL));
      g_assert_cmpint (status, ==, 0);
    }
}

static gboolean
begin_backup (BkHypervisor *hypervisor,
              const char *uuid,
              const BkVmBackup *backup,
              char **lost_disk,
              GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);
  Begin *begin = g_queue_pop_head (&self->begins);

  g_string_append (self->calls, "begin(");
  for (guint i = 0; i < backup->disks->len; i++)
    {
      const BkVmBackupDisk *disk = g_ptr_array_index (backup->disks, i);

      g_assert_true (g_file_test (disk->file, G_FILE_TEST_IS_REGULAR));
      g_string_append_printf (self->calls, "%s%s%s%s", i == 0 ? "" : " ", disk->target,
                              disk->incremental ? "+" : "", disk->checkpoint ? "!" : "");
    }
  g_string_append (self->calls, ") ");
  if (self->backing != NULL)
    name_backing (self, backup);
  if (begin != NULL)
    {
      BkError code = begin->code;

      *lost_disk = g_strdup (begin->lost_disk);
      begin_free (begin);
      return fail (code, error);
    }
  if (backup->checkpoint_name != NULL)
    g_ptr_array_add (self->checkpoints, g_strdup (backup->checkpoint_name));
  g_clear_pointer (&self->recorded, g_ptr_array_unref);
  self->recorded = g_ptr_array_new_with_free_func ((GDestroyNotify) bk_recorded_disk_free);
  for (guint i = 0; i < backup->disks->len; i++)
    {
      const BkVmBackupDisk *disk = g_ptr_array_index (backup->disks, i);
      BkRecordedDisk *recorded = g_new0 (BkRecordedDisk, 1);

      recorded->target = g_strdup (disk->target);
      if (disk->checkpoint)
        g_ptr_array_add (self->recorded, recorded);
      else
        bk_recorded_disk_free (recorded);
    }
  return TRUE;
}

static gboolean
wait_backup (BkHypervisor *hypervisor,
             const char *uuid,
             BkVmProgressFunc progress_func,
             gpointer user_data,
             GCancellable *cancellable,
             GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "wait ");
  return self->wait_fails < 0 || fail ((BkError) self->wait_fails, error);
}

static char *
running_backup_file (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  return g_strdup (FAKE_HYPERVISOR (hypervisor)->running_file);
}

static gboolean
abort_backup (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "abort ");
  g_clear_pointer (&self->running_file, g_free);
  return TRUE;
}

static gboolean
limit_backup (BkHypervisor *hypervisor,
              const char *uuid,
              const BkVmBackup *backup,
              guint64 bytes_per_second,
              GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append_printf (self->calls, "limit(%" G_GUINT64_FORMAT ") ", bytes_per_second);
  return !self->limit_fails || fail (BK_ERROR_FAILED, error);
}

static BkFreeze
freeze (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "freeze ");
  if (self->freezes == BK_FREEZE_FAILED)
    fail (BK_ERROR_FAILED, error);
  return self->freezes;
}

static gboolean
thaw (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "thaw ");
  return !self->thaw_fails || fail (BK_ERROR_FAILED, error);
}

static GStrv
list_checkpoints (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < self->checkpoints->len; i++)
    g_strv_builder_add (names, g_ptr_array_index (self->checkpoints, i));
  return g_strv_builder_end (names);
}

static gboolean
find_checkpoint (FakeHypervisor *self, const char *name, guint *index)
{
  return g_ptr_array_find_with_equal_func (self->checkpoints, name, g_str_equal, index);
}

static GPtrArray *
get_recorded (BkHypervisor *hypervisor, const char *uuid, const char *name, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  return self->recorded != NULL && find_checkpoint (self, name, NULL)
             ? g_ptr_array_ref (self->recorded)
             : NULL;
}

static gboolean
remove_checkpoint (FakeHypervisor *self, const char *name)
{
  guint index;

  if (find_checkpoint (self, name, &index))
    g_ptr_array_remove_index (self->checkpoints, index);
  return TRUE;
}

static gboolean
delete_checkpoint (BkHypervisor *hypervisor, const char *uuid, const char *name, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "delete ");
  return self->delete_fails < 0 ? remove_checkpoint (self, name)
                                : fail ((BkError) self->delete_fails, error);
}

static gboolean
drop_checkpoint_record (BkHypervisor *hypervisor,
                        const char *uuid,
                        const char *name,
                        GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "drop ");
  return remove_checkpoint (self, name);
}

static gboolean
delete_bitmap (BkHypervisor *hypervisor,
               const char *uuid,
               const char *name,
               const char *target,
               GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append_printf (self->calls, "bitmap(%s) ", target);
  if (self->bitmap_fails < 0)
    return TRUE;
  g_ptr_array_add (self->checkpoints, g_strdup (name));
  return fail ((BkError) self->bitmap_fails, error);
}

static gboolean
start_paused (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "start ");
  self->vm->state = BK_VM_PAUSED;
  return TRUE;
}

static gboolean
destroy (BkHypervisor *hypervisor, const char *uuid, GError **error)
{
  FakeHypervisor *self = FAKE_HYPERVISOR (hypervisor);

  g_string_append (self->calls, "stop ");
  self->vm->state = BK_VM_SHUTOFF;
  return TRUE;
}

static void
iface_init (BkHypervisorInterface *iface)
{
  iface->find_by_name = find_by_name;
  iface->find_by_uuid = find_by_uuid;
  iface->get_xml = get_xml;
  iface->dup_tpm_directory = dup_tpm_directory;
  iface->begin_backup = begin_backup;
  iface->wait_backup = wait_backup;
  iface->running_backup_file = running_backup_file;
  iface->abort_backup = abort_backup;
  iface->limit_backup = limit_backup;
  iface->freeze = freeze;
  iface->thaw = thaw;
  iface->list_checkpoints = list_checkpoints;
  iface->get_recorded = get_recorded;
  iface->delete_checkpoint = delete_checkpoint;
  iface->drop_checkpoint_record = drop_checkpoint_record;
  iface->delete_bitmap = delete_bitmap;
  iface->start_paused = start_paused;
  iface->destroy = destroy;
}
