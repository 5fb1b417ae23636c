#include "ops/fraction.h"

/**
 * bk_fraction_begin:
 * @piece_bytes: of the next piece; the one before it is complete
 */
void
bk_fraction_begin (BkFraction *fraction, guint64 piece_bytes)
{
  fraction->done_bytes += fraction->piece_bytes;
  fraction->piece_bytes = piece_bytes;
}

/**
 * bk_fraction_report:
 * @done: of the present piece, 0 to 1
 * @user_data: a BkFraction
 *
 * A BkFractionFunc (vm/qemu-img.h).
 */
void
bk_fraction_report (double done, gpointer user_data)
{
  const BkFraction *fraction = user_data;

  bk_reporter_progress (
      fraction->reporter,
      &(BkProgress){ .project_id = fraction->project_id,
                     .step = fraction->step,
                     .done_bytes =
                         fraction->done_bytes + (guint64) (done * (double) fraction->piece_bytes),
                     .total_bytes = fraction->total_bytes });
}
