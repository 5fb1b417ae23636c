#include "cli/table.h"

#include <string.h>

#define GAP "  "

struct _BkTable
{
  guint columns_count;
  guint *widths;
  gboolean *is_right;
  GPtrArray *rows; /* of char ** */
};

/**
 * bk_table_new:
 * @columns_count: how many cells each row has
 */
BkTable *
bk_table_new (guint columns_count)
{
  BkTable *self = g_new0 (BkTable, 1);

  self->columns_count = columns_count;
  self->widths = g_new0 (guint, columns_count);
  self->is_right = g_new0 (gboolean, columns_count);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  return self;
}

void
bk_table_free (BkTable *table)
{
  g_free (table->widths);
  g_free (table->is_right);
  g_ptr_array_unref (table->rows);
  g_free (table);
}

/**
 * bk_text_width:
 * @text: one line of UTF-8
 *
 * Returns: the cells that @text takes on a terminal.
 */
guint
bk_text_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

/**
 * bk_table_align_right:
 *
 * For numbers. @column: from 0
 */
void
bk_table_align_right (BkTable *table, guint column)
{
  table->is_right[column] = TRUE;
}

/**
 * bk_table_add_row:
 * @cells: (transfer full): as many as there are columns, each one line
 */
void
bk_table_add_row (BkTable *table, char **cells)
{
  g_return_if_fail (g_strv_length (cells) == table->columns_count);

  for (guint i = 0; i < table->columns_count; i++)
    table->widths[i] = MAX (table->widths[i], bk_text_width (cells[i]));
  g_ptr_array_add (table->rows, cells);
}

guint
bk_table_rows_count (const BkTable *table)
{
  return table->rows->len;
}

static void
add_cell (GString *text, const BkTable *table, char **cells, guint column)
{
  guint space = table->widths[column] - bk_text_width (cells[column]);
  gboolean is_last = column + 1 == table->columns_count;

  if (column > 0)
    g_string_append (text, GAP);
  if (table->is_right[column])
    g_string_append_printf (text, "%*s%s", (int) space, "", cells[column]);
  else if (is_last)
    g_string_append (text, cells[column]);
  else
    g_string_append_printf (text, "%s%*s", cells[column], (int) space, "");
}

/**
 * bk_table_to_text:
 *
 * Returns: (transfer full): one line a row.
 */
char *
bk_table_to_text (const BkTable *table)
{
  GString *text = g_string_new (NULL);

  for (guint row = 0; row < table->rows->len; row++)
    {
      for (guint column = 0; column < table->columns_count; column++)
        add_cell (text, table, g_ptr_array_index (table->rows, row), column);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
