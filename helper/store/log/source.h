#pragma once

#include "store/log/file.h"

/* One log file while it is read: it holds its next line that matches, a few KiB of the file, and
 * no handle, so that as many can be merged as there are projects. */

typedef struct
{
  char *name;
  guint64 offset_bytes; /* of the first byte that is not consumed */
  BkLogLine *head;      /* (nullable) the next line */
  GByteArray *buffer;   /* what was read from offset_bytes on */
  gsize consumed_bytes; /* of buffer */
  gboolean skips_line;  /* within a line that is too long to be one */
} BkLogSource;

BkLogSource *bk_log_source_new (const char *name, guint64 offset_bytes);
void bk_log_source_free (BkLogSource *source);
gboolean bk_log_source_advance (BkLogSource *source,
                                int log_dirfd,
                                const BkLogFilter *filter,
                                const BkLogPrefilter *prefilter,
                                GCancellable *cancellable,
                                GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkLogSource, bk_log_source_free)
