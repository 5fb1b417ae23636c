#pragma once

#include "store/event-log/event-log.h"
#include "store/event-log/view.h"

#define SEGMENT1 "event-log/segment-000001.json"
#define SEGMENT2 "event-log/segment-000002.json"
#define SEGMENT3 "event-log/segment-000003.json"
#define SNAPSHOT "event-log-snapshot.json"

extern const BkEventLogLimits log_bed_small, log_bed_large;

/* A directory for an event log. */
typedef struct
{
  char *directory;
} LogBed;

void log_bed_setup (LogBed *bed, gconstpointer user_data);
void log_bed_teardown (LogBed *bed, gconstpointer user_data);
BkEventLog *log_bed_open_log (LogBed *bed, const BkEventLogLimits *limits);
void log_bed_append (BkEventLog *log, guint count);
void log_bed_append_new (LogBed *bed, const BkEventLogLimits *limits, guint count);
BkChainVerdict *log_bed_verify (LogBed *bed);
void log_bed_assert_sound (LogBed *bed, guint64 events);
void log_bed_assert_broken (LogBed *bed, BkChainFault fault);
char *log_bed_path_of (LogBed *bed, const char *name);
char *log_bed_read_file (LogBed *bed, const char *name, gsize *length_bytes);
void log_bed_write_file (LogBed *bed, const char *name, const char *text, gsize length_bytes);
guint log_bed_count_files (LogBed *bed, const char *part);
