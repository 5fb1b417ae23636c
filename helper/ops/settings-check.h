#pragma once

#include "model/settings.h"
#include "vm/hypervisor.h"

typedef struct
{
  guint64 free_bytes;
  guint64 total_bytes;
} BkSpace;

gboolean bk_space_at (const char *path, BkSpace *space);
gboolean bk_setting_check (const BkSetting *setting,
                           const char *text,
                           BkHypervisor *hypervisor,
                           GCancellable *cancellable,
                           GError **error);
