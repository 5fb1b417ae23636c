#include "format/job-json.h"
#include "format/json.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* What is read as a record is written as one, and read as the same again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (BkJob) job = bk_job_from_record (size == 0 ? "" : (const char *) data, size, NULL);

  if (job == NULL)
    return 0;

  g_autoptr (JsonNode) record = bk_job_to_record (job);
  g_autofree char *text = bk_json_to_text (record, FALSE);
  g_autoptr (BkJob) again = bk_job_from_record (text, strlen (text), NULL);
  g_assert_nonnull (again);
  g_autoptr (JsonNode) second = bk_job_to_record (again);
  g_autofree char *rewritten = bk_json_to_text (second, FALSE);
  g_assert_cmpstr (text, ==, rewritten);
  return 0;
}
