#pragma once

#include "store/tree/record.h"

/* Which names a directory of a scan has: as the kernel lists them, or, on the way to a source, as the
 * rules say. */

void bk_tree_directory_put_path (const BkTreeDirectory *directory, GString *path);
gboolean bk_tree_directory_list (BkTreeDirectory *directory,
                                 const BkTreeRules *rules,
                                 BkTreeScratch *scratch);
