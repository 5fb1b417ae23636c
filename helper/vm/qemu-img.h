#pragma once

#include <gio/gio.h>

/*
 * qemu-img as a child process: argument vectors only, no shell; it dies with us, so that nothing
 * writes to the repository once the run that holds the lock is gone.
 *
 * All paths are absolute. Their percent of progress is turned into fractions of 1.
 */

typedef void (*BkFractionFunc) (double fraction, gpointer user_data);

gboolean
bk_qemu_img_create (const char *file, guint64 size_bytes, const char *backing_file, GError **error);
gboolean bk_qemu_img_commit (const char *base,
                             const char *top,
                             BkFractionFunc fraction_func,
                             gpointer user_data,
                             GCancellable *cancellable,
                             GError **error);
gboolean bk_qemu_img_commit_chain (const GPtrArray *files,
                                   BkFractionFunc fraction_func,
                                   gpointer user_data,
                                   GCancellable *cancellable,
                                   GError **error);
gboolean bk_qemu_img_compare (const char *left,
                              const char *right,
                              GCancellable *cancellable,
                              GError **error);
gboolean bk_qemu_img_convert (const char *source,
                              const char *target,
                              const char *format,
                              gboolean compress,
                              BkFractionFunc fraction_func,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error);
gboolean bk_qemu_img_convert_chain (const GPtrArray *files,
                                    const char *target,
                                    const char *format,
                                    BkFractionFunc fraction_func,
                                    gpointer user_data,
                                    GCancellable *cancellable,
                                    GError **error);
gboolean bk_qemu_img_check (const char *file, GCancellable *cancellable, GError **error);
GStrv bk_qemu_img_list_bitmaps (const char *file, GError **error);
gboolean bk_qemu_img_virtual_size (const char *file, guint64 *size_bytes, GError **error);
