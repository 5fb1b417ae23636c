#include "base/write-out.h"

#include "base/fd.h"
#include "base/path.h"
#include "base/thread.h"

#include <fcntl.h>

#define INTERVAL_USECS (100 * G_TIME_SPAN_MILLISECOND)

struct _BkWriteOut
{
  GThread *thread;
  GMutex lock; /* of what follows */
  GCond stopped;
  gboolean is_stopped;
  GArray *fds;
};

static void
close_fd (gpointer fd)
{
  bk_fd_clear (fd);
}

/* Only asks for it: what is written meanwhile is asked for the next time. A file system that cannot
 * does it when it likes, as without this. */
static void
write_out (const GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    sync_file_range (g_array_index (fds, int, i), 0, 0, SYNC_FILE_RANGE_WRITE);
}

static gboolean
sleep_until_stopped (BkWriteOut *self)
{
  gint64 until = g_get_monotonic_time () + INTERVAL_USECS;

  g_mutex_lock (&self->lock);
  while (!self->is_stopped && g_cond_wait_until (&self->stopped, &self->lock, until))
    ;
  gboolean stopped = self->is_stopped;
  g_mutex_unlock (&self->lock);
  return stopped;
}

static gpointer
run (gpointer user_data)
{
  BkWriteOut *self = user_data;

  while (!sleep_until_stopped (self))
    write_out (self->fds);
  return NULL;
}

/**
 * bk_write_out_start:
 * @directory: an open directory
 * @paths: files below it
 *
 * The kernel keeps what is written in memory until there is much of it, and who closes a file with all
 * of it unwritten waits for its disk: QEMU does, and its guest with it. A file that cannot be opened
 * is written when the kernel likes.
 *
 * Returns: (transfer full): what bk_write_out_stop() ends. It makes nothing durable.
 */
BkWriteOut *
bk_write_out_start (int directory, const char *const *paths)
{
  BkWriteOut *self = g_new0 (BkWriteOut, 1);

  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (self->fds, close_fd);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      int fd = bk_open_file_at (directory, paths[i], NULL);

      if (fd >= 0)
        g_array_append_val (self->fds, fd);
    }
  g_mutex_init (&self->lock);
  g_cond_init (&self->stopped);
  self->thread = bk_thread_try_new ("write-out", run, self, NULL);
  return self;
}

/**
 * bk_write_out_stop:
 * @self: (transfer full)
 *
 * Waits until its thread has ended. What is not written out yet is the kernel's, as without it.
 */
void
bk_write_out_stop (BkWriteOut *self)
{
  g_mutex_lock (&self->lock);
  self->is_stopped = TRUE;
  g_cond_signal (&self->stopped);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->thread, g_thread_join);
  g_array_unref (self->fds);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->stopped);
  g_free (self);
}
