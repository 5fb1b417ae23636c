#include "cli/views.h"

#include "base/error.h"
#include "base/gettext.h"
#include "base/quantity.h"
#include "base/timestamp.h"
#include "cli/labels.h"
#include "cli/table.h"
#include "format/json.h"

#include <string.h>

typedef enum
{
  CELL_TEXT,
  CELL_BYTES,
  CELL_TIME,
  CELL_COUNT, /* a number, or the length of a list */
} CellKind;

typedef struct
{
  const char *title;
  const char *path; /* names of members, joined by '.' */
  CellKind kind;
} Column;

#define COLUMNS_MAX_COUNT 8

static const struct
{
  const char *operation;
  Column columns[COLUMNS_MAX_COUNT + 1];
} views[] = {
  { "vm.list",
    { { N_ ("NAME"), "name" },
      { N_ ("STATE"), "state" },
      { N_ ("DISKS"), "disks", CELL_COUNT },
      { N_ ("SIZE"), "total_bytes", CELL_BYTES },
      { N_ ("LAST BACKUP"), "last_backup.created_at", CELL_TIME },
      { N_ ("NEXT STEP"), "next_step" },
      { N_ ("WARNINGS"), "warnings", CELL_COUNT } } },
  { "backup.list",
    { { N_ ("PROJECT"), "project_id" },
      { N_ ("BACKUP"), "id" },
      { N_ ("TYPE"), "type" },
      { N_ ("STATUS"), "status" },
      { N_ ("CREATED"), "created_at", CELL_TIME },
      { N_ ("SIZE"), "size_bytes", CELL_BYTES },
      { N_ ("PROBLEM"), "extra.broken.message" } } },
  { "tree.list",
    { { N_ ("NAME"), "name" },
      { N_ ("DIRECTORIES"), "sources" },
      { N_ ("TYPE"), "type" },
      { N_ ("FULL EVERY (DAYS)"), "full_interval_days", CELL_COUNT },
      { N_ ("KEEPS"), "keep_count", CELL_COUNT },
      { N_ ("SCHEDULE"), "schedule" } } },
  { "schedule.list",
    { { N_ ("WHAT"), "what" },
      { N_ ("SCHEDULE"), "schedule" },
      { N_ ("ACTIVE"), "active" },
      { N_ ("NEXT"), "next_at", CELL_TIME },
      { N_ ("PROBLEM"), "problem" } } },
  { "event-log.list",
    { { N_ ("TIME"), "timestamp", CELL_TIME },
      { N_ ("ACTOR"), "actor" },
      { N_ ("EVENT"), "evento" },
      { N_ ("WHAT"), "entidade_id" } } },
  { "tree.browse",
    { { N_ ("NAME"), "name" },
      { N_ ("TYPE"), "type" },
      { N_ ("SIZE"), "size_bytes", CELL_BYTES },
      { N_ ("MODE"), "mode" },
      { N_ ("CHANGED"), "mtime", CELL_TIME },
      { N_ ("PATH"), "path" } } },
  { "job.list",
    { { N_ ("JOB"), "id" },
      { N_ ("OPERATION"), "op" },
      { N_ ("STATE"), "state" },
      { N_ ("PROJECTS"), "projects" },
      { N_ ("ACTOR"), "actor" },
      { N_ ("STARTED"), "started_at", CELL_TIME },
      { N_ ("FINISHED"), "finished_at", CELL_TIME } } },
  { "log.query",
    { { N_ ("TIME"), "timestamp", CELL_TIME },
      { N_ ("LEVEL"), "level" },
      { N_ ("PROJECT"), "project_id" },
      { N_ ("BACKUP"), "backup_id" },
      { N_ ("MESSAGE"), "message" } } },
};

static JsonNode *
find_node (JsonObject *object, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", -1);
  JsonNode *node = NULL;

  for (guint i = 0; names[i] != NULL; i++)
    {
      if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
        return NULL;
      JsonObject *parent = node != NULL ? json_node_get_object (node) : object;
      node = json_object_get_member (parent, names[i]);
      if (node == NULL)
        return NULL;
    }
  return node;
}

static char *
time_text (const char *iso)
{
  gint64 usecs = bk_time_from_iso (iso);

  if (usecs == BK_TIME_INVALID)
    return bk_error_one_line (iso);

  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (usecs / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : bk_error_one_line (iso);
}

static char *
list_text (JsonArray *array)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      gboolean is_text =
          JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;

      g_ptr_array_add (texts, is_text ? bk_error_one_line (json_node_get_string (node))
                                      : bk_json_to_text (node, FALSE));
    }
  g_ptr_array_add (texts, NULL);
  return g_strjoinv (", ", (char **) texts->pdata);
}

static char *
number_text (JsonNode *node, CellKind kind)
{
  gint64 number = json_node_get_int (node);

  if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    return bk_decimal_text (json_node_get_double (node), 1);
  if (kind == CELL_BYTES && number >= 0)
    return bk_size_text ((guint64) number);
  return g_strdup_printf ("%" G_GINT64_FORMAT, number);
}

static char *
value_text (JsonNode *node, CellKind kind)
{
  GType type = json_node_get_value_type (node);

  if (type == G_TYPE_STRING && kind == CELL_TIME)
    return time_text (json_node_get_string (node));
  if (type == G_TYPE_STRING)
    return bk_error_one_line (json_node_get_string (node));
  if (type == G_TYPE_BOOLEAN)
    return g_strdup (json_node_get_boolean (node) ? _ ("yes") : _ ("no"));
  return number_text (node, kind);
}

/* One line, whatever the node holds: names of VMs may hold anything, also a terminal's commands. */
static char *
cell_text (JsonNode *node, CellKind kind)
{
  if (node == NULL || JSON_NODE_HOLDS_NULL (node))
    return g_strdup (kind == CELL_COUNT ? "" : "-");
  if (JSON_NODE_HOLDS_ARRAY (node) && kind == CELL_COUNT)
    return g_strdup_printf ("%u", json_array_get_length (json_node_get_array (node)));
  if (JSON_NODE_HOLDS_ARRAY (node))
    return list_text (json_node_get_array (node));
  if (JSON_NODE_HOLDS_OBJECT (node))
    return bk_json_to_text (node, FALSE);
  return value_text (node, kind);
}

/* What a member's name says about its value. */
static CellKind
kind_of_name (const char *name)
{
  if (g_str_has_suffix (name, "_bytes"))
    return CELL_BYTES;
  return g_str_has_suffix (name, "_at") || g_str_equal (name, "timestamp") ? CELL_TIME : CELL_TEXT;
}

/* "size" of size_bytes: the value says its unit. */
static char *
label_of_name (const char *name)
{
  gsize length = strlen (name);

  if (g_str_has_suffix (name, "_bytes"))
    length -= strlen ("_bytes");
  g_autofree char *label = g_strdelimit (g_strndup (name, length), "_", ' ');
  return bk_error_one_line (bk_label_text (label));
}

static BkTable *
table_with_titles (const Column *columns)
{
  GStrvBuilder *titles = g_strv_builder_new ();
  guint count = 0;

  for (; columns[count].title != NULL; count++)
    g_strv_builder_add (titles, _ (columns[count].title));

  BkTable *table = bk_table_new (count);
  bk_table_add_row (table, g_strv_builder_end (titles));
  g_strv_builder_unref (titles);
  for (guint i = 0; i < count; i++)
    {
      if (columns[i].kind == CELL_BYTES || columns[i].kind == CELL_COUNT)
        bk_table_align_right (table, i);
    }
  return table;
}

static char *
items_in_columns (const Column *columns, JsonArray *items)
{
  g_autoptr (BkTable) table = table_with_titles (columns);

  for (guint i = 0; i < json_array_get_length (items); i++)
    {
      JsonNode *node = json_array_get_element (items, i);
      g_autoptr (GStrvBuilder) cells = g_strv_builder_new ();

      if (!JSON_NODE_HOLDS_OBJECT (node))
        continue;
      for (const Column *column = columns; column->title != NULL; column++)
        {
          JsonNode *member = find_node (json_node_get_object (node), column->path);
          g_autofree char *text = cell_text (member, column->kind);

          g_strv_builder_add (cells, text);
        }
      bk_table_add_row (table, g_strv_builder_end (cells));
    }
  return bk_table_to_text (table);
}

/* The scalar members of an object as columns, for what has no columns of its own. */
static char *
items_as_they_are (JsonArray *items)
{
  g_autoptr (GArray) columns = g_array_new (TRUE, TRUE, sizeof (Column));
  g_autoptr (GPtrArray) titles = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GList) names = NULL;
  JsonNode *first = json_array_get_element (items, 0);

  if (!JSON_NODE_HOLDS_OBJECT (first))
    {
      g_autofree char *text = list_text (items);

      return g_strconcat (text, "\n", NULL);
    }
  names = json_object_get_members (json_node_get_object (first));
  for (GList *l = names; l != NULL && columns->len < COLUMNS_MAX_COUNT; l = l->next)
    {
      JsonNode *node = json_object_get_member (json_node_get_object (first), l->data);

      if (JSON_NODE_HOLDS_OBJECT (node) || strchr (l->data, '.') != NULL)
        continue;
      g_autofree char *label = label_of_name (l->data);
      char *title = g_utf8_strup (label, -1);
      Column column = { title, l->data, kind_of_name (l->data) };

      g_ptr_array_add (titles, title);
      g_array_append_val (columns, column);
    }
  return items_in_columns ((const Column *) (gpointer) columns->data, items);
}

/**
 * bk_view_items:
 *
 * Returns: (transfer full): a table with titles; empty without items.
 */
char *
bk_view_items (const BkOperation *operation, JsonArray *items)
{
  if (json_array_get_length (items) == 0)
    return g_strdup ("");
  for (guint i = 0; i < G_N_ELEMENTS (views); i++)
    {
      if (g_str_equal (views[i].operation, operation->name))
        return items_in_columns (views[i].columns, items);
    }
  return items_as_they_are (items);
}

static gboolean
is_list_of_objects (JsonNode *node)
{
  return JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) > 0 &&
         JSON_NODE_HOLDS_OBJECT (json_array_get_element (json_node_get_array (node), 0));
}

static void
add_members (BkTable *table, GString *lists, const char *prefix, JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      g_autofree char *own_label = label_of_name (name);
      g_autofree char *label = g_strconcat (prefix, own_label, NULL);
      g_autofree char *deeper = g_strconcat (label, " ", NULL);

      if (JSON_NODE_HOLDS_NULL (node) ||
          (JSON_NODE_HOLDS_ARRAY (node) && json_array_get_length (json_node_get_array (node)) == 0))
        continue;
      if (JSON_NODE_HOLDS_OBJECT (node))
        {
          add_members (table, lists, deeper, json_node_get_object (node));
          continue;
        }
      if (is_list_of_objects (node))
        {
          g_autofree char *items = items_as_they_are (json_node_get_array (node));

          g_string_append_printf (lists, "\n%s:\n%s", label, items);
          continue;
        }
      const char *cells[] = { g_strconcat (label, ":", NULL), cell_text (node, kind_of_name (name)),
                              NULL };
      bk_table_add_row (table, g_memdup2 (cells, sizeof cells));
    }
}

/**
 * bk_view_object:
 *
 * Returns: (transfer full): its members line by line, and tables of the lists in it.
 */
char *
bk_view_object (JsonObject *object)
{
  g_autoptr (BkTable) table = bk_table_new (2);
  GString *lists = g_string_new (NULL);

  add_members (table, lists, "", object);
  g_autofree char *lines = bk_table_to_text (table);
  g_string_prepend (lists, lines);
  if (*lines == '\0' && lists->len > 0)
    g_string_erase (lists, 0, 1);
  return g_string_free (lists, FALSE);
}

/* To somebody who begins, counts of nothing do not say what to do. What cannot be read is not nothing. */
static char *
first_steps (const BkOperation *operation, JsonObject *result)
{
  if (!g_str_equal (operation->name, "backup.list") ||
      json_object_get_int_member_with_default (result, "count", 1) != 0 ||
      json_object_get_int_member_with_default (result, "warnings_count", 0) != 0)
    return NULL;
  return g_strconcat (
      _ ("There is no backup here yet."), "\n",
      _ ("“cockpit-backup vm list” shows the virtual machines, “cockpit-backup vm backup NAME” backs one up."),
      "\n",
      _ ("“cockpit-backup tree set NAME --source DIRECTORY” names files to back up, “cockpit-backup tree backup NAME” does it."),
      "\n", NULL);
}

/**
 * bk_view_result:
 * @result: a job's result is what its operation gave; the rest of the job is for `job list`
 *
 * Returns: (transfer full): it as text.
 */
char *
bk_view_result (const BkOperation *operation, JsonNode *result)
{
  if (!JSON_NODE_HOLDS_OBJECT (result))
    return g_strdup ("");

  JsonObject *object = json_node_get_object (result);
  JsonNode *inner = json_object_get_member (object, "result");
  if ((operation->flags & BK_OPERATION_JOB) != 0 && inner != NULL)
    return JSON_NODE_HOLDS_OBJECT (inner) ? bk_view_object (json_node_get_object (inner))
                                          : g_strdup ("");

  g_autofree char *steps = first_steps (operation, object);
  g_autofree char *members = bk_view_object (object);
  return g_strconcat (members, steps == NULL ? "" : "\n", steps, NULL);
}
