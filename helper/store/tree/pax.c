#include "store/tree/pax.h"

#include <stdio.h>
#include <string.h>

/* POSIX ustar: where a header block has the size of what follows, and its own sum. */
#define BLOCK_BYTES 512
#define SIZE_AT 124
#define SIZE_BYTES 12
#define SUM_AT 148
#define SUM_BYTES 8

/* A pax record is “LENGTH KEYWORD=VALUE\n”, and its length counts its own digits. */
static char *
make_record (const char *keyword, const char *value)
{
  gsize rest_bytes = strlen (keyword) + strlen (value) + strlen (" =\n");
  gsize length_bytes = rest_bytes + 1;

  while (TRUE)
    {
      g_autofree char *record =
          g_strdup_printf ("%" G_GSIZE_FORMAT " %s=%s\n", length_bytes, keyword, value);

      if (strlen (record) == length_bytes)
        return g_steal_pointer (&record);
      length_bytes++;
    }
}

static void
set_size (guint8 *header, guint size_bytes)
{
  char text[SIZE_BYTES + 1];
  guint sum = 0;

  g_snprintf (text, sizeof text, "%011o", size_bytes);
  memcpy (header + SIZE_AT, text, SIZE_BYTES);
  memset (header + SUM_AT, ' ', SUM_BYTES);
  for (guint i = 0; i < BLOCK_BYTES; i++)
    sum += header[i];
  g_snprintf (text, sizeof text, "%06o", sum);
  memcpy (header + SUM_AT, text, 7);
}

/**
 * bk_tree_pax_append:
 * @tar: ends with a member's headers
 * @at: where they begin: with a pax extended header
 *
 * Adds one more record to the extended header; of two with one keyword, readers take the later.
 */
void
bk_tree_pax_append (GByteArray *tar, guint at, const char *keyword, const char *value)
{
  g_autofree char *record = make_record (keyword, value);
  guint record_bytes = (guint) strlen (record);
  guint body_at = at + BLOCK_BYTES;

  g_return_if_fail (tar->len >= body_at && tar->data[at + 156] == 'x');

  guint body_bytes = (guint) g_ascii_strtoull ((char *) tar->data + at + SIZE_AT, NULL, 8);
  guint padded_bytes = (body_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
  g_autoptr (GBytes) after =
      g_bytes_new (tar->data + body_at + padded_bytes, tar->len - body_at - padded_bytes);
  guint padding_bytes = -(body_bytes + record_bytes) % BLOCK_BYTES;

  set_size (tar->data + at, body_bytes + record_bytes);
  g_byte_array_set_size (tar, body_at + body_bytes);
  g_byte_array_append (tar, (const guint8 *) record, record_bytes);
  g_byte_array_set_size (tar, tar->len + padding_bytes);
  memset (tar->data + tar->len - padding_bytes, 0, padding_bytes);
  g_byte_array_append (tar, g_bytes_get_data (after, NULL), (guint) g_bytes_get_size (after));
}
