#include "model/schedule.h"

#include "base/error.h"

#include <string.h>

#define TEXT_MAX_BYTES 200
#define UNIT_PREFIX "cockpit-backup-"

/* Things of which there is one. */
static const struct
{
  const char *what;
  const char *command;
} singles[] = {
  { "vms", "vm backup --all" },
  { "prune", "prune" },
  { "verify", "verify --all" },
  { "event-log", "event-log backup" },
};

/* Things of which there are many: the unit is a template. */
static const struct
{
  const char *prefix;
  const char *template;
  const char *command;
} kinds[] = {
  { "vm/", "vm@", "vm backup " },
  { "tree/", "tree@", "tree backup " },
};

/* What systemd takes in the name of an instance as it is: nothing has to be escaped and read back. */
static gboolean
is_instance (const char *name)
{
  gsize length =
      strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.");

  return length > 0 && name[length] == '\0' && length <= TEXT_MAX_BYTES && *name != '-';
}

/**
 * bk_schedule_unit:
 * @what: hostile until checked
 *
 * Errors: %BK_ERROR_USAGE for what has no schedule.
 *
 * Returns: (transfer full) (nullable): the systemd unit that does it, less its suffix.
 */
char *
bk_schedule_unit (const char *what, GError **error)
{
  g_autofree char *line = bk_error_one_line (what);

  for (guint i = 0; i < G_N_ELEMENTS (singles); i++)
    {
      if (strcmp (what, singles[i].what) == 0)
        return g_strconcat (UNIT_PREFIX, what, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const char *name = what + strlen (kinds[i].prefix);

      if (!g_str_has_prefix (what, kinds[i].prefix))
        continue;
      if (is_instance (name))
        return g_strconcat (UNIT_PREFIX, kinds[i].template, name, NULL);
      bk_set_error (error, BK_ERROR_USAGE,
                    "“%s” cannot have a timer of its own: its name has characters other than "
                    "letters, digits and “:-_.”",
                    line);
      return NULL;
    }
  bk_set_error (error, BK_ERROR_USAGE,
                "“%s” has no schedule; vms, vm/NAME, tree/NAME, prune, verify and event-log have",
                line);
  return NULL;
}

/**
 * bk_schedule_command:
 * @what: that has a unit
 *
 * Returns: (transfer full): what the program is called with.
 */
char *
bk_schedule_command (const char *what)
{
  for (guint i = 0; i < G_N_ELEMENTS (singles); i++)
    {
      if (strcmp (what, singles[i].what) == 0)
        return g_strdup (singles[i].command);
    }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (g_str_has_prefix (what, kinds[i].prefix))
        return g_strconcat (kinds[i].command, what + strlen (kinds[i].prefix), NULL);
    }
  g_return_val_if_reached (NULL);
}

/* ---- crontab ---- */

typedef struct
{
  guint min, max;
  guint width;              /* of a number in the calendar */
  const char *const *names; /* (nullable) by number */
} Field;

static const char *const day_names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

enum
{
  MINUTE,
  HOUR,
  DAY,
  MONTH,
  WEEKDAY,
  FIELDS
};

static const Field fields[FIELDS] = {
  { 0, 59, 2, NULL }, { 0, 23, 2, NULL },     { 1, 31, 2, NULL },
  { 1, 12, 2, NULL }, { 0, 7, 0, day_names },
};

static gboolean
append_value (GString *out, const Field *field, const char *text)
{
  guint64 number;

  for (guint i = 0; field->names != NULL && i <= field->max; i++)
    {
      if (g_ascii_strcasecmp (text, field->names[i]) == 0)
        {
          g_string_append (out, field->names[i]);
          return TRUE;
        }
    }
  if (!g_ascii_string_to_unsigned (text, 10, field->min, field->max, &number, NULL))
    return FALSE;
  if (field->names != NULL)
    g_string_append (out, field->names[number]);
  else
    g_string_append_printf (out, "%0*u", (int) field->width, (guint) number);
  return TRUE;
}

/* One of a list: “*”, “N”, “N-M”, each with “/STEP”. */
static gboolean
append_element (GString *out, const Field *field, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);
  const char *step = parts[0] == NULL ? NULL : parts[1];
  guint64 number;

  if (parts[0] == NULL || (step != NULL && field->names != NULL))
    return FALSE;
  if (strcmp (parts[0], "*") == 0)
    {
      if (step == NULL)
        g_string_append (out, "*");
      else
        g_string_append_printf (out, "%0*u", (int) field->width, field->min);
    }
  else
    {
      g_auto (GStrv) ends = g_strsplit (parts[0], "-", 2);

      if (!append_value (out, field, ends[0]))
        return FALSE;
      if (ends[1] != NULL)
        {
          g_string_append (out, "..");
          if (!append_value (out, field, ends[1]))
            return FALSE;
        }
    }
  if (step == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (step, 10, 1, field->max, &number, NULL))
    return FALSE;
  g_string_append_printf (out, "/%u", (guint) number);
  return TRUE;
}

static gboolean
append_field (GString *out, const Field *field, const char *text)
{
  g_auto (GStrv) elements = g_strsplit (text, ",", -1);

  for (guint i = 0; elements[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      if (!append_element (out, field, elements[i]))
        return FALSE;
    }
  return TRUE;
}

static char *
calendar_of_cron (char **words)
{
  static const struct
  {
    guint field;
    const char *after;
  } order[] = { { MONTH, "-" }, { DAY, " " }, { HOUR, ":" }, { MINUTE, ":00" } };
  g_autoptr (GString) out = g_string_new (NULL);

  if (strcmp (words[WEEKDAY], "*") != 0)
    {
      /* Where both are given, cron takes either and systemd only both together. */
      if (strcmp (words[DAY], "*") != 0 || !append_field (out, &fields[WEEKDAY], words[WEEKDAY]))
        return NULL;
      g_string_append_c (out, ' ');
    }
  g_string_append (out, "*-");
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      if (!append_field (out, &fields[order[i].field], words[order[i].field]))
        return NULL;
      g_string_append (out, order[i].after);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/**
 * bk_schedule_to_calendar:
 * @text: hostile until checked
 *
 * Checks what can be checked without systemd, which has the last word on its expressions.
 *
 * Errors: %BK_ERROR_USAGE for what can be no time.
 *
 * Returns: (transfer full) (nullable): an expression for OnCalendar: nothing in it can end its line.
 */
char *
bk_schedule_to_calendar (const char *text, GError **error)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  gsize good = strspn (stripped,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 *,.:/~_+@-");

  if (good > 0 && stripped[good] == '\0' && good <= TEXT_MAX_BYTES)
    {
      g_auto (GStrv) words = g_strsplit (stripped, " ", -1);
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

      for (char **word = words; *word != NULL; word++)
        {
          if (**word != '\0')
            g_strv_builder_add (builder, *word);
        }
      g_auto (GStrv) kept = g_strv_builder_end (builder);
      guint count = g_strv_length (kept);
      char *calendar = NULL;
      if (count == FIELDS)
        calendar = calendar_of_cron (kept);
      else if (count < FIELDS && strchr (stripped, '@') == NULL)
        calendar = g_strjoinv (" ", kept);
      else if (count == 1 && *stripped == '@')
        calendar = g_strdup (stripped + 1);
      if (calendar != NULL)
        return calendar;
    }

  g_autofree char *line = bk_error_one_line (text);
  bk_set_error (error, BK_ERROR_USAGE,
                "“%s” is no time as a timer takes it; for instance daily, 02:30, Mon..Fri 22:00 or "
                "*-*-01 03:00",
                line);
  return NULL;
}
