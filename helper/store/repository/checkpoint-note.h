#pragma once

#include <glib.h>

/* A checkpoint of this program that a VM may have, and no record names. */
typedef struct
{
  char *uuid; /* the VM's */
  char *name;
} BkCheckpointNote;

GPtrArray *bk_checkpoint_notes_read (int project, GError **error);
gboolean bk_checkpoint_notes_add (int project, const char *uuid, const char *name, GError **error);
gboolean bk_checkpoint_notes_write (int project, const GPtrArray *notes, GError **error);
