#pragma once

#include "base/reporter.h"

/* Progress of a run in pieces, each told as a fraction by the program that works on it. */
typedef struct
{
  BkReporter *reporter; /* (nullable) */
  const char *project_id;
  const char *step;
  guint64 done_bytes;  /* of the pieces that are complete */
  guint64 piece_bytes; /* of the piece that is being worked on */
  guint64 total_bytes;
} BkFraction;

void bk_fraction_begin (BkFraction *fraction, guint64 piece_bytes);
void bk_fraction_report (double done, gpointer user_data);
