#pragma once

#include <gio/gio.h>

/* Directories under watch, by inotify: who waits for what other processes write need not poll. */

typedef struct _BkWatch BkWatch;

typedef struct
{
  int id;           /* what bk_watch_add_directory() gave; -1: events were lost, look everywhere */
  const char *name; /* the entry that changed; lives until the next bk_watch_wait() */
} BkWatchEvent;

BkWatch *bk_watch_new (GError **error);
void bk_watch_free (BkWatch *watch);
int bk_watch_fd (BkWatch *watch);
int bk_watch_add_directory (BkWatch *watch, int dirfd, GError **error);
gboolean
bk_watch_wait (BkWatch *watch, int timeout_msecs, GCancellable *cancellable, GError **error);
void bk_watch_wake (BkWatch *watch);
gboolean bk_watch_take (BkWatch *watch, BkWatchEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkWatch, bk_watch_free)
