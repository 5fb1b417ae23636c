#pragma once

#include <glib.h>
#include <string.h>

/* A catalogue as msgfmt writes it. */

typedef struct
{
  const char *text;
  gsize text_bytes; /* 0: up to its NUL */
  const char *translation;
  gsize translation_bytes;
} MoEntry;

static inline void
mo_append_number (GByteArray *bytes, guint32 number, gboolean big_endian)
{
  guint32 stored = big_endian ? GUINT32_TO_BE (number) : GUINT32_TO_LE (number);

  g_byte_array_append (bytes, (const guint8 *) &stored, sizeof stored);
}

static inline gsize
mo_length (const char *text, gsize length_bytes)
{
  return length_bytes > 0 ? length_bytes : strlen (text);
}

static inline GBytes *
mo_file (const MoEntry *entries, guint count, gboolean big_endian)
{
  GByteArray *bytes = g_byte_array_new ();
  guint32 offset = 28 + 16 * count;
  const guint32 header[] = { 0x950412de, 0, count, 28, 28 + 8 * count, 0, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (header); i++)
    mo_append_number (bytes, header[i], big_endian);
  for (guint translated = 0; translated < 2; translated++)
    {
      for (guint i = 0; i < count; i++)
        {
          gsize length = translated
                             ? mo_length (entries[i].translation, entries[i].translation_bytes)
                             : mo_length (entries[i].text, entries[i].text_bytes);

          mo_append_number (bytes, (guint32) length, big_endian);
          mo_append_number (bytes, offset, big_endian);
          offset += (guint32) length + 1;
        }
    }
  for (guint translated = 0; translated < 2; translated++)
    {
      for (guint i = 0; i < count; i++)
        {
          const char *text = translated ? entries[i].translation : entries[i].text;
          gsize length =
              mo_length (text, translated ? entries[i].translation_bytes : entries[i].text_bytes);

          g_byte_array_append (bytes, (const guint8 *) text, (guint) length);
          g_byte_array_append (bytes, (const guint8 *) "", 1);
        }
    }
  return g_byte_array_free_to_bytes (bytes);
}
