#pragma once

#include "format/event-segment.h"

/* Told of one event as JSON text, newest first. Returning %FALSE with an error ends the listing. */
typedef gboolean (*BkEventListFunc) (const char *json, gpointer user_data, GError **error);

gboolean bk_event_log_list (const char *data_dir,
                            const char *text,
                            guint limit,
                            BkEventListFunc func,
                            gpointer user_data,
                            guint *count,
                            GCancellable *cancellable,
                            GError **error);
