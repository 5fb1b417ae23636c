#pragma once

#include "store/tree/record.h"

/*
 * One directory of a scan: its names in order, and what statx() says of them. Reading one needs
 * nothing but the rules and its parent's handle, so any thread can do it.
 */

BkTreeScratch *bk_tree_scratch_new (void);
void bk_tree_scratch_free (BkTreeScratch *scratch);

void bk_tree_directory_read (BkTreeDirectory *directory,
                             const BkTreeRules *rules,
                             int parent_fd,
                             BkTreeScratch *scratch);
void bk_tree_directory_look (BkTreeDirectory *directory,
                             const BkTreeRules *rules,
                             guint start,
                             BkTreeScratch *scratch);
void bk_tree_directory_clear (BkTreeDirectory *directory);

gboolean bk_tree_rules_lead_below (const BkTreeRules *rules, const char *path, gboolean *is_source);
