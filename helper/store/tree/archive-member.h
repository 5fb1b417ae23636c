#pragma once

#include "store/tree/archive.h"

#include <archive_entry.h>

/* The header of a tar's member, hostile until it is checked → BkTreeArchiveMember. */

void bk_tree_member_init (BkTreeArchiveMember *member);
void bk_tree_member_clear (BkTreeArchiveMember *member);
char *bk_tree_member_dup_path (struct archive_entry *entry, const char **why);
const char *
bk_tree_member_fill (BkTreeArchiveMember *member, struct archive_entry *entry, const char *path);
