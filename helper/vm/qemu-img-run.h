#pragma once

#include "vm/qemu-img.h"

/*
 * How qemu-img is run: as a child process, by an argument vector and without a shell. It dies with us, so
 * that nothing writes to the repository once the run that holds the lock is gone.
 */

typedef struct
{
  const char *const *argv; /* from "qemu-img" to %NULL */
  const char *file;        /* the image that errors name */
  GString *output;         /* (nullable): gets what it prints, up to 1 MiB */
  int *exit_status;        /* (nullable): gets how it ended; without, anything but 0 is an error */
  BkFractionFunc fraction_func; /* (nullable) */
  gpointer user_data;
} BkQemuImgCall;

gboolean bk_qemu_img_run (const BkQemuImgCall *call, GCancellable *cancellable, GError **error);
char *bk_qemu_img_chain_name (const GPtrArray *files, gboolean locking);
