#pragma once

#include "store/log/file.h"

/*
 * Reads the lines that a filter lets through, in the order of their times, out of all log files
 * that can hold one. Memory is bounded by the number of projects with a log on one day, not by
 * how many lines there are. What was handed out once is not handed out again: after the end, a
 * reader that is told which files changed goes on where it stopped.
 */

typedef struct _BkLogReader BkLogReader;

BkLogReader *bk_log_reader_new (int log_dirfd, const BkLogFilter *filter);
void bk_log_reader_free (BkLogReader *reader);
gboolean bk_log_reader_scan (BkLogReader *reader, GError **error);
gboolean bk_log_reader_skip_to_end (BkLogReader *reader, GError **error);
gboolean bk_log_reader_start_at_newest (BkLogReader *reader,
                                        guint64 limit_count,
                                        GCancellable *cancellable,
                                        GError **error);
gboolean bk_log_reader_wants (BkLogReader *reader, const char *name);
void bk_log_reader_start_at (BkLogReader *reader, const char *name, guint64 offset_bytes);
void bk_log_reader_skip (BkLogReader *reader, guint64 count);
void bk_log_reader_touch (BkLogReader *reader, const char *name);
gboolean bk_log_reader_next (BkLogReader *reader,
                             BkLogLine **line,
                             GCancellable *cancellable,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkLogReader, bk_log_reader_free)

int bk_log_reader_dirfd (BkLogReader *reader);
const BkLogFilter *bk_log_reader_filter (BkLogReader *reader);

typedef gboolean (*BkLogLineFunc) (const BkLogLine *line, gpointer user_data, GError **error);

gboolean bk_log_reader_drain (BkLogReader *reader,
                              BkLogLineFunc func,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error);
gboolean bk_log_query (int log_dirfd,
                       const BkLogFilter *filter,
                       guint64 limit_count,
                       BkLogLineFunc func,
                       gpointer user_data,
                       GCancellable *cancellable,
                       GError **error);
