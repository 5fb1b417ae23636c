#pragma once

#include <glib.h>

/* Rows of texts in aligned columns, for people. */

typedef struct _BkTable BkTable;

BkTable *bk_table_new (guint columns_count);
void bk_table_free (BkTable *table);
void bk_table_align_right (BkTable *table, guint column);
void bk_table_add_row (BkTable *table, char **cells);
guint bk_table_rows_count (const BkTable *table);
char *bk_table_to_text (const BkTable *table);

guint bk_text_width (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTable, bk_table_free)
