#include "store/repository/checkpoint-note.h"

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/write.h"
#include "model/vm-point.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * checkpoints-to-delete = *( uuid " " name LF )
 *
 * A backup's record is what its checkpoint is known by: one that goes (pruned, deleted by a person) while
 * libvirt could not delete the checkpoint would leave it there for ever, and QEMU recording in its
 * bitmap. The project's next run deletes what is noted here.
 */
#define NOTES_NAME ".checkpoints-to-delete"

/* Of a VM that nobody backs up any more: the oldest give way. */
#define NOTES_MAX_COUNT 4096
#define NOTES_MAX_BYTES (1024 * 1024)

static void
note_free (gpointer data)
{
  BkCheckpointNote *note = data;

  g_free (note->uuid);
  g_free (note->name);
  g_free (note);
}

static void
add_note (GPtrArray *notes, const char *uuid, const char *name)
{
  BkCheckpointNote *note = g_new0 (BkCheckpointNote, 1);

  note->uuid = g_strdup (uuid);
  note->name = g_strdup (name);
  g_ptr_array_add (notes, note);
}

static gboolean
has_note (const GPtrArray *notes, const char *uuid, const char *name)
{
  for (guint i = 0; i < notes->len; i++)
    {
      const BkCheckpointNote *note = g_ptr_array_index (notes, i);

      if (strcmp (note->uuid, uuid) == 0 && strcmp (note->name, name) == 0)
        return TRUE;
    }
  return FALSE;
}

/* What is no line of ours is passed over. */
static void
read_line (const char *line, GPtrArray *notes)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);

  if (g_strv_length (words) == 2 && g_uuid_string_is_valid (words[0]) &&
      bk_vm_checkpoint_name_is_ours (words[1]))
    add_note (notes, words[0], words[1]);
}

/**
 * bk_checkpoint_notes_read:
 *
 * Returns: (transfer full) (element-type BkCheckpointNote) (nullable): the oldest first; none where
 *   nothing is noted.
 */
GPtrArray *
bk_checkpoint_notes_read (int project, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (note_free);
  g_autoptr (GBytes) bytes = bk_read_small_file (project, NOTES_NAME, NOTES_MAX_BYTES, &local);

  if (bytes == NULL)
    {
      if (g_error_matches (local, BK_ERROR, BK_ERROR_NOT_FOUND))
        return g_steal_pointer (&notes);
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }

  gsize length_bytes;
  const char *data = g_bytes_get_data (bytes, &length_bytes); /* NULL of an empty file */
  g_autofree char *text = g_strndup (data == NULL ? "" : data, length_bytes);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    read_line (*line, notes);
  return g_steal_pointer (&notes);
}

static gboolean
ends_torn (int fd)
{
  off_t end = lseek (fd, 0, SEEK_END);
  char last = '\n';

  return end > 0 && pread (fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* Without a temporary name: whoever removes a backup is no run of its VM, which would remove what is left
 * of one. A line that was cut off is none, and is closed first. */
static gboolean
append_line (int project, const char *uuid, const char *name, GError **error)
{
  autofd int fd = openat (project, NOTES_NAME,
                          O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  g_autofree char *line =
      g_strconcat (fd >= 0 && ends_torn (fd) ? "\n" : "", uuid, " ", name, "\n", NULL);

  if (fd < 0 || !bk_write_all (fd, line, strlen (line)) || fdatasync (fd) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be written", NOTES_NAME);
  return bk_sync_directory (project, NOTES_NAME, error);
}

/**
 * bk_checkpoint_notes_add:
 *
 * Notes, durably, that the VM may have this checkpoint. The caller holds the project's lock.
 */
gboolean
bk_checkpoint_notes_add (int project, const char *uuid, const char *name, GError **error)
{
  g_autoptr (GPtrArray) notes = bk_checkpoint_notes_read (project, error);

  if (notes == NULL)
    return FALSE;
  if (!g_uuid_string_is_valid (uuid) || !bk_vm_checkpoint_name_is_ours (name))
    return TRUE; /* no checkpoint of this program, whatever a record says */
  if (has_note (notes, uuid, name))
    return TRUE;
  if (notes->len < NOTES_MAX_COUNT)
    return append_line (project, uuid, name, error);
  add_note (notes, uuid, name);
  return bk_checkpoint_notes_write (project, notes, error);
}

/**
 * bk_checkpoint_notes_write:
 * @notes: (element-type BkCheckpointNote): those that are left
 */
gboolean
bk_checkpoint_notes_write (int project, const GPtrArray *notes, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (notes->len == 0)
    return unlinkat (project, NOTES_NAME, 0) == 0 || errno == ENOENT ||
           bk_error_set_errno (error, errno, "“%s” cannot be removed", NOTES_NAME);
  for (guint i = notes->len > NOTES_MAX_COUNT ? notes->len - NOTES_MAX_COUNT : 0; i < notes->len;
       i++)
    {
      const BkCheckpointNote *note = g_ptr_array_index (notes, i);

      g_string_append_printf (text, "%s %s\n", note->uuid, note->name);
    }
  return bk_atomic_write (project, NOTES_NAME, text->str, text->len, 0600, error);
}
