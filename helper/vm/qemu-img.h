#pragma once

#include <gio/gio.h>

/*
 * What qemu-img does to images, and says of them (vm/qemu-img-run.h: how it is run).
 *
 * All paths are absolute. Its percent of progress is turned into fractions of 1.
 */

typedef void (*BkFractionFunc) (double fraction, gpointer user_data);

/* An image that is to be made. */
typedef struct
{
  const char *file;
  const char *format; /* "qcow2" or "raw" */
  gboolean compress;  /* by zstd, cluster by cluster; qcow2 only */
} BkQemuImgTarget;

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
                              const BkQemuImgTarget *target,
                              BkFractionFunc fraction_func,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error);
gboolean bk_qemu_img_convert_chain (const GPtrArray *files,
                                    const BkQemuImgTarget *target,
                                    BkFractionFunc fraction_func,
                                    gpointer user_data,
                                    GCancellable *cancellable,
                                    GError **error);
gboolean bk_qemu_img_check (const char *file, GCancellable *cancellable, GError **error);
GStrv bk_qemu_img_list_bitmaps (const char *file, GError **error);
gboolean bk_qemu_img_virtual_size (const char *file, guint64 *size_bytes, GError **error);
