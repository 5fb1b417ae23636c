#pragma once

#include "model/job.h"

/*
 * BkJob ⇄ JSON: the view (tests/golden/views/job.json), and the record on disk, which is the view
 * and one member more, `settings`.
 */

#define BK_JOB_RECORD_MAX_BYTES (4 * 1024 * 1024)

JsonNode *bk_job_to_json (const BkJob *job);
JsonNode *bk_job_to_record (const BkJob *job);
BkJob *bk_job_from_record (const char *text, gsize length_bytes, GError **error);
