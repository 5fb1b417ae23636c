#pragma once

#include "model/restore-journal.h"
#include "ops/vm/run.h"

/*
 * Files that are complete take their place, as the journal says. What follows from the names that
 * are there is all that a later run needs to go on: each step can be repeated.
 */

gboolean bk_restore_place (const BkRestoreJournal *journal, GError **error);
gboolean bk_restore_swap (const BkRestoreJournal *journal, BkVmRun *run, GError **error);

gboolean bk_restore_swap_has_begun (const BkRestoreJournal *journal);
guint bk_restore_unswap (const BkRestoreJournal *journal);
guint bk_restore_take_back (const BkRestoreJournal *journal);
void bk_restore_remove_temporary (const BkRestoreJournal *journal);
void bk_restore_remove_kept (const BkRestoreJournal *journal);
