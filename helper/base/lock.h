#pragma once

#include <gio/gio.h>

/*
 * A lock is a file with an open-file-description lock on it: the kernel drops it when its holder
 * dies, however it dies. The file's text says who holds it; it is for people and for "busy by job
 * X", the lock itself is the truth.
 */

typedef struct _BkLock BkLock;

BkLock *
bk_lock_try (int dirfd, const char *name, const char *holder, char **other_holder, GError **error);
BkLock *bk_lock_wait (int dirfd, const char *name, GError **error);
gboolean bk_lock_is_held (int dirfd, const char *name);
char *bk_lock_dup_holder (int dirfd, const char *name);
void bk_lock_free (BkLock *lock);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkLock, bk_lock_free)
