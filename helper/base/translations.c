/*
 * GNU gettext's manual, “The Format of GNU MO Files”. Numbers are of 32 bits, in the byte order that
 * the first one shows:
 *
 *    0  magic 0x950412de           12  where the table of texts begins
 *    4  revision, major << 16      16  where the table of translations begins
 *    8  count of texts             20  a hash table, which is not needed here
 *
 * A table has, for each text, its length without the NUL behind it, and where it begins. The text of
 * a plural is its singular, a NUL and its plural, and its translation the forms with a NUL between.
 * The text "" is the header. Revision 1 adds segments that depend on the machine; none is made of our
 * sources.
 *
 * gettext() itself does not serve: what it translates into is the whole process's, and depends on the
 * locales that were generated on the machine.
 */
#include "base/translations.h"

#include "base/plural.h"

#include <string.h>

#define MAGIC 0x950412deU
#define HEADER_BYTES 28
#define ENTRY_BYTES 8

struct _BkTranslations
{
  GBytes *bytes;     /* the texts lie in it */
  GHashTable *texts; /* char * → char * */
  GHashTable *forms; /* char * → GStrv, for plurals */
  BkPlural *plural;
};

typedef struct
{
  const char *data;
  gsize length_bytes;
  gboolean is_swapped;
} File;

static guint32
number_at (const File *file, gsize offset)
{
  guint32 number;

  memcpy (&number, file->data + offset, sizeof number);
  return file->is_swapped ? GUINT32_SWAP_LE_BE (number) : number;
}

/* The text that entry @i of the table at @table describes; %NULL if it is none. */
static const char *
text_at (const File *file, guint32 table, guint32 i, gsize *length_bytes)
{
  gsize entry = table + (gsize) i * ENTRY_BYTES;
  gsize length = number_at (file, entry);
  gsize offset = number_at (file, entry + 4);

  if (offset >= file->length_bytes || length >= file->length_bytes - offset ||
      file->data[offset + length] != '\0')
    return NULL;
  *length_bytes = length;
  return file->data + offset;
}

static gboolean
is_within (const File *file, guint32 table, guint32 count)
{
  return table <= file->length_bytes && (file->length_bytes - table) / ENTRY_BYTES >= count;
}

static gboolean
is_text (const char *text, gsize length_bytes)
{
  for (const char *p = text; p <= text + length_bytes; p += strlen (p) + 1)
    {
      if (!g_utf8_validate (p, -1, NULL))
        return FALSE;
    }
  return TRUE;
}

static GStrv
forms_of (const char *text, gsize length_bytes)
{
  g_autoptr (GStrvBuilder) forms = g_strv_builder_new ();

  for (const char *p = text; p <= text + length_bytes; p += strlen (p) + 1)
    g_strv_builder_add (forms, p);
  return g_strv_builder_end (forms);
}

static void
add (BkTranslations *self, const File *file, guint32 texts, guint32 translations, guint32 i)
{
  gsize text_bytes;
  gsize translation_bytes;
  const char *text = text_at (file, texts, i, &text_bytes);
  const char *translation = text_at (file, translations, i, &translation_bytes);

  if (text == NULL || translation == NULL || translation_bytes == 0 ||
      !is_text (translation, translation_bytes))
    return;
  if (strlen (text) == text_bytes)
    g_hash_table_insert (self->texts, (char *) text, (char *) translation);
  else
    g_hash_table_insert (self->forms, (char *) text, forms_of (translation, translation_bytes));
}

/**
 * bk_translations_parse:
 * @bytes: the content of a .mo file
 *
 * Returns: (transfer full) (nullable): its texts; an entry that is broken is left out. %NULL when it
 *   is no such file.
 */
BkTranslations *
bk_translations_parse (GBytes *bytes)
{
  File file = { 0 };

  file.data = g_bytes_get_data (bytes, &file.length_bytes);
  if (file.length_bytes < HEADER_BYTES || file.length_bytes > BK_TRANSLATIONS_MAX_BYTES)
    return NULL;
  file.is_swapped = number_at (&file, 0) != MAGIC;
  guint32 count = number_at (&file, 8);
  guint32 texts = number_at (&file, 12);
  guint32 translations = number_at (&file, 16);
  if (number_at (&file, 0) != MAGIC || number_at (&file, 4) >> 16 > 1 ||
      !is_within (&file, texts, count) || !is_within (&file, translations, count))
    return NULL;

  BkTranslations *self = g_new0 (BkTranslations, 1);
  self->bytes = g_bytes_ref (bytes);
  self->texts = g_hash_table_new (g_str_hash, g_str_equal);
  self->forms = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_strfreev);
  for (guint32 i = 0; i < count; i++)
    add (self, &file, texts, translations, i);
  self->plural = bk_plural_parse (g_hash_table_lookup (self->texts, ""));
  return self;
}

void
bk_translations_free (BkTranslations *translations)
{
  bk_plural_free (translations->plural);
  g_hash_table_unref (translations->forms);
  g_hash_table_unref (translations->texts);
  g_bytes_unref (translations->bytes);
  g_free (translations);
}

/**
 * bk_translations_get:
 *
 * Returns: (transfer none) (nullable): what stands for @text; %NULL when nothing does.
 */
const char *
bk_translations_get (const BkTranslations *translations, const char *text)
{
  return *text == '\0' ? NULL : g_hash_table_lookup (translations->texts, text);
}

/**
 * bk_translations_get_plural:
 * @one: the text for one thing, which stands for its entry
 *
 * Returns: (transfer none) (nullable): the form for @count things; %NULL when there is none.
 */
const char *
bk_translations_get_plural (const BkTranslations *translations, const char *one, guint64 count)
{
  const char *const *forms = g_hash_table_lookup (translations->forms, one);
  guint form = bk_plural_form (translations->plural, count);

  if (forms == NULL || g_strv_length ((char **) forms) <= form)
    return NULL;
  return forms[form];
}
