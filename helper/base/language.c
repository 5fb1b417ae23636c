#include "base/language.h"

#include "base/translations.h"

#include <string.h>

#define WANTED_MAX_BYTES 200
#define PART_MAX_BYTES 8

struct _BkLanguage
{
  char *name;
  BkTranslations *translations; /* (nullable): the sources' own language has none */
};

static const BkLanguage english = { (char *) BK_LANGUAGE_ENGLISH, NULL };

static GMutex loaded_lock;
static GHashTable *loaded;                 /* name → BkLanguage; under loaded_lock */
static const BkLanguage *process_language; /* atomic; %NULL until it is asked for */
static _Thread_local const BkLanguage *thread_language;

/* "pt_BR" of "pt-br", "pt_BR.UTF-8" and "pt_BR@euro": one that can name a directory of catalogues.
 * %NULL for what names no language, such as "C". */
static char *
canonical (const char *name)
{
  g_autofree char *bare = g_strndup (name, strcspn (name, ".@"));
  g_auto (GStrv) parts = g_strsplit_set (bare, "-_", 4);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      gsize length = strlen (parts[i]);

      if (length < 2 || length > PART_MAX_BYTES || i > 2)
        return NULL;
      for (char *p = parts[i]; *p != '\0'; p++)
        {
          if (!g_ascii_isalnum (*p))
            return NULL;
          *p = i > 0 && length == 2 ? g_ascii_toupper (*p) : g_ascii_tolower (*p);
        }
      if (i > 0 && length > 2)
        *parts[i] = g_ascii_toupper (*parts[i]);
    }
  return parts[0] == NULL ? NULL : g_strjoinv ("_", parts);
}

static BkTranslations *
read_translations (const char *name)
{
  const char *directory = g_getenv (BK_LOCALE_DIR_VARIABLE);
  g_autofree char *path =
      g_build_filename (directory != NULL && *directory != '\0' ? directory : BK_LOCALE_DIR, name,
                        "LC_MESSAGES", GETTEXT_PACKAGE ".mo", NULL);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);

  if (file == NULL)
    return NULL;
  /* A copy: the file may be replaced in place while it is mapped. */
  g_autoptr (GBytes) bytes =
      g_bytes_new (g_mapped_file_get_contents (file), g_mapped_file_get_length (file));
  return bk_translations_parse (bytes);
}

static const BkLanguage *
load (const char *name)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&loaded_lock);
  BkLanguage *language = loaded == NULL ? NULL : g_hash_table_lookup (loaded, name);

  if (language != NULL)
    return language;
  BkTranslations *translations = read_translations (name);
  if (translations == NULL)
    return NULL;

  language = g_new0 (BkLanguage, 1);
  language->name = g_strdup (name);
  language->translations = translations;
  if (loaded == NULL)
    loaded = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (loaded, language->name, language);
  return language;
}

/* %NULL when there is no catalogue of it. */
static const BkLanguage *
find_one (const char *wanted)
{
  g_autofree char *name = canonical (wanted);

  if (name == NULL)
    return NULL;
  if (strcmp (name, "en") == 0 || g_str_has_prefix (name, "en_"))
    return &english;
  const BkLanguage *language = load (name);
  if (language != NULL || strchr (name, '_') == NULL)
    return language;
  *strchr (name, '_') = '\0';
  return load (name);
}

/**
 * bk_language_find:
 * @wanted: (nullable): a language as Cockpit, a locale or LANGUAGE names it: "pt-br", "pt_BR.UTF-8",
 *   "pt_BR:pt:en"; hostile until it is found
 *
 * Returns: (transfer none): the first of those that there are translations of; English when there
 *   is none.
 */
const BkLanguage *
bk_language_find (const char *wanted)
{
  if (wanted == NULL || strlen (wanted) > WANTED_MAX_BYTES)
    return &english;

  g_auto (GStrv) names = g_strsplit (wanted, ":", -1);
  for (guint i = 0; names[i] != NULL; i++)
    {
      const BkLanguage *language = find_one (names[i]);

      if (language != NULL)
        return language;
    }
  return &english;
}

/**
 * bk_language_of_environment:
 * @environment: as of g_get_environ()
 *
 * The rule of gettext: LC_ALL, else LC_MESSAGES, else LANG is the locale, and LANGUAGE refines it
 * unless that is "C". Other than there, LANGUAGE counts where no locale is set at all, and the
 * machine need not have generated any.
 *
 * Returns: (transfer none): what the person of that environment reads.
 */
const BkLanguage *
bk_language_of_environment (char **environment)
{
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
  const char *wanted = g_environ_getenv (environment, "LANGUAGE");
  const char *locale = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (variables) && (locale == NULL || *locale == '\0'); i++)
    locale = g_environ_getenv (environment, variables[i]);
  if (g_strcmp0 (locale, "C") == 0 || g_strcmp0 (locale, "POSIX") == 0)
    return &english;
  return bk_language_find (wanted != NULL && *wanted != '\0' ? wanted : locale);
}

/**
 * bk_language_name:
 *
 * Returns: (transfer none): "pt_BR", or "en".
 */
const char *
bk_language_name (const BkLanguage *language)
{
  return language->name;
}

/**
 * bk_language_get:
 *
 * Returns: (transfer none): what this thread's texts are in.
 */
const BkLanguage *
bk_language_get (void)
{
  const BkLanguage *language = thread_language;

  if (language == NULL)
    language = g_atomic_pointer_get (&process_language);
  if (language != NULL)
    return language;

  g_auto (GStrv) environment = g_get_environ ();
  bk_language_set_default (bk_language_of_environment (environment));
  return g_atomic_pointer_get (&process_language);
}

/**
 * bk_language_set:
 * @language: (nullable): %NULL for the process's
 *
 * This thread's texts are in @language from here on, and those of threads that it starts with
 * bk_thread_new().
 */
void
bk_language_set (const BkLanguage *language)
{
  thread_language = language;
}

/**
 * bk_language_set_default:
 *
 * What threads without a language of their own speak from here on; before that it is what the
 * environment says.
 */
void
bk_language_set_default (const BkLanguage *language)
{
  g_atomic_pointer_set (&process_language, language);
}

/**
 * bk_language_text:
 *
 * Returns: (transfer none): @text in @language; @text itself when there is no translation of it.
 */
const char *
bk_language_text (const BkLanguage *language, const char *text)
{
  const char *translation =
      language->translations == NULL ? NULL : bk_translations_get (language->translations, text);

  return translation != NULL ? translation : text;
}

/**
 * bk_language_plural:
 *
 * Returns: (transfer none): the form for @count things in @language; one of @one and @many when there
 *   is no translation of them.
 */
const char *
bk_language_plural (const BkLanguage *language, const char *one, const char *many, guint64 count)
{
  const char *translation = language->translations == NULL
                                ? NULL
                                : bk_translations_get_plural (language->translations, one, count);

  return translation != NULL ? translation : count == 1 ? one : many;
}
