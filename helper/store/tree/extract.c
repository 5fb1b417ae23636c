#include "store/tree/extract.h"

#include "base/error.h"
#include "model/tree-entry.h"
#include "store/tree/cursor.h"
#include "store/tree/entries.h"

#include <string.h>
#include <sys/stat.h>

/* So many entries are remembered when they are planned, instead of looking them up again: for one
 * file, the manifest is half of what is read. */
#define FEW_MAX 64

/* How many entries pass between two looks at the watch. */
#define PROGRESS_COUNT 256

typedef struct
{
  char *path;
  char *target; /* the member that has the content */
  gboolean target_is_wanted;
} Link;

typedef struct
{
  BkTreePoint *point;
  const BkTreeSelection *selection;
  const GPtrArray *few; /* what the plan remembers */
  BkTreeTarget *target;
  const BkTreeExtractWatch *watch;
  BkTreeExtractResult *result;
  GCancellable *cancellable;
  guint8 origin;
  BkTreeCursor cursor;
  GPtrArray *links;   /* of Link, of this archive */
  GHashTable *failed; /* paths, of all archives */
} Pass;

static void
link_free (gpointer data)
{
  Link *link = data;

  g_free (link->path);
  g_free (link->target);
  g_free (link);
}

static void
remember (BkTreeExtractPlan *plan, const BkTreeEntry *entry)
{
  if (plan->entries_count <= FEW_MAX)
    g_ptr_array_add (plan->few, bk_tree_entry_copy (entry));
  else
    g_clear_pointer (&plan->few, g_ptr_array_unref);
}

/**
 * bk_tree_extract_plan:
 * @plan: (out): what it amounts to; bk_tree_extract_plan_clear() it
 *
 * Reads the manifest; if nothing is selected, to its end, which proves it whole before anything is
 * written.
 */
gboolean
bk_tree_extract_plan (BkTreePoint *point,
                      const BkTreeSelection *selection,
                      BkTreeExtractPlan *plan,
                      GCancellable *cancellable,
                      GError **error)
{
  g_auto (BkTreeEntries) entries = { 0 };
  const BkTreeEntry *entry;

  memset (plan, 0, sizeof *plan);
  plan->few = g_ptr_array_new_with_free_func (g_free);
  if (!bk_tree_entries_open (&entries, point, selection, NULL, error))
    return FALSE;
  while (TRUE)
    {
      if (!bk_tree_entries_next (&entries, &entry, error) ||
          g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (entry == NULL)
        return TRUE;
      plan->entries_count++;
      plan->counts[entry->origin]++;
      remember (plan, entry);
      if ((entry->mode & BK_TREE_MODE_TYPE) == 0)
        {
          plan->files_count++;
          plan->size_bytes += (guint64) entry->size_bytes;
        }
    }
}

void
bk_tree_extract_plan_clear (BkTreeExtractPlan *plan)
{
  g_clear_pointer (&plan->few, g_ptr_array_unref);
}

/* What one entry's failure does not excuse: everything after it would fail too. */
static gboolean
is_fatal (const GError *error)
{
  BkError code = bk_error_code (error);

  return code == BK_ERROR_CANCELLED || code == BK_ERROR_NO_SPACE;
}

/* Notes that @path was not restored; %FALSE if that ends the restore. Takes @problem. */
static gboolean
fail_entry (Pass *pass, const char *path, GError *problem, GError **error)
{
  if (is_fatal (problem))
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  pass->result->failed_count++;
  g_hash_table_add (pass->failed, g_strdup (path));
  pass->watch->failed (path, problem, pass->watch->user_data);
  g_error_free (problem);
  return TRUE;
}

static void
count_done (Pass *pass)
{
  pass->result->done_count++;
  if (pass->result->done_count % PROGRESS_COUNT == 0)
    pass->watch->progress (pass->result->done_count, pass->result->written_bytes,
                           pass->watch->user_data);
}

static gboolean
extract_entry (Pass *pass, const BkTreeEntry *entry, GError **error)
{
  const BkTreeArchiveMember *member;

  if (!bk_tree_cursor_seek (&pass->cursor, entry->path, pass->cancellable, error))
    return FALSE;
  member = pass->cursor.member;
  if (member->hardlink_target != NULL)
    {
      Link *link = g_new0 (Link, 1);

      link->path = g_strdup (entry->path);
      link->target = g_strdup (member->hardlink_target);
      g_ptr_array_add (pass->links, link);
      return TRUE;
    }
  if ((bk_tree_mode_to_stat (entry->mode) & S_IFMT) != (member->mode & S_IFMT))
    {
      g_autofree char *line = bk_error_one_line (entry->path);

      bk_set_error (error, BK_ERROR_INTEGRITY,
                    "“%s” is of another kind in its archive than in the manifest", line);
      return FALSE;
    }
  if (!bk_tree_target_extract (pass->target, pass->cursor.reader, member, entry->path,
                               &pass->result->written_bytes, pass->cancellable, error))
    {
      /* Where reading broke off in a frame, only another frame can go on. */
      pass->cursor.is_placed = FALSE;
      return FALSE;
    }
  count_done (pass);
  return TRUE;
}

static gboolean
extract_entries (Pass *pass, GError **error)
{
  g_auto (BkTreeEntries) entries = { 0 };
  const BkTreeEntry *entry;

  if (!bk_tree_entries_open (&entries, pass->point, pass->selection, pass->few, error))
    return FALSE;
  while (TRUE)
    {
      g_autoptr (GError) problem = NULL;

      if (!bk_tree_entries_next (&entries, &entry, error))
        return FALSE;
      if (entry == NULL)
        return TRUE;
      if (entry->origin == pass->origin && !extract_entry (pass, entry, &problem) &&
          !fail_entry (pass, entry->path, g_steal_pointer (&problem), error))
        return FALSE;
    }
}

/* ---- hard links ---- */

static int
compare_links (gconstpointer a, gconstpointer b)
{
  const Link *left = *(const Link *const *) a, *right = *(const Link *const *) b;
  int order = bk_tree_path_compare (left->target, right->target);

  return order != 0 ? order : bk_tree_path_compare (left->path, right->path);
}

/* The name that a link refers to was restored before if this archive or an earlier one has it. It may
 * also come from a later one, as another file, or be gone, or not be selected: what a link leads to
 * must be found out, not believed. */
static gboolean
mark_wanted_targets (Pass *pass, GError **error)
{
  g_auto (BkTreeEntries) entries = { 0 };
  const BkTreeEntry *entry = NULL;
  guint i = 0;

  if (!bk_tree_entries_open (&entries, pass->point, pass->selection, pass->few, error) ||
      !bk_tree_entries_next (&entries, &entry, error))
    return FALSE;
  while (i < pass->links->len && entry != NULL)
    {
      Link *link = g_ptr_array_index (pass->links, i);
      int order = bk_tree_path_compare (entry->path, link->target);

      if (order < 0)
        {
          if (!bk_tree_entries_next (&entries, &entry, error))
            return FALSE;
          continue;
        }
      link->target_is_wanted = order == 0 && entry->origin <= pass->origin &&
                               !g_hash_table_contains (pass->failed, link->target);
      i++;
    }
  return TRUE;
}

/* Gives @link the content that @target had when this archive was made, as a file of its own: it is
 * in this archive, or in the newest before it that has it. */
static gboolean
extract_content (Pass *pass, const Link *link, const char *target, guint8 origin, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (BkTreeArchiveReader) reader = bk_tree_point_read_archive (pass->point, origin, error);
  const BkTreeArchiveMember *member;

  if (reader == NULL)
    return FALSE;
  if (!bk_tree_archive_reader_find (reader, target, &member, pass->cancellable, &problem))
    {
      if (origin > 0 && g_error_matches (problem, BK_ERROR, BK_ERROR_NOT_FOUND))
        return extract_content (pass, link, target, origin - 1, error);
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (member->hardlink_target != NULL)
    {
      /* Always to a path before its own, so this comes to an end. */
      g_autofree char *further = g_strdup (member->hardlink_target);

      if (bk_tree_path_compare (further, target) < 0)
        return extract_content (pass, link, further, origin, error);
    }
  if (member->hardlink_target != NULL || S_ISDIR (member->mode))
    {
      g_autofree char *line = bk_error_one_line (link->path);

      bk_set_error (error, BK_ERROR_INTEGRITY, "The hard link “%s” leads to no file", line);
      return FALSE;
    }
  return bk_tree_target_extract (pass->target, reader, member, link->path,
                                 &pass->result->written_bytes, pass->cancellable, error);
}

static gboolean
make_links (Pass *pass, GError **error)
{
  const Link *first = NULL; /* that got the content, of those with one target */

  g_ptr_array_sort (pass->links, compare_links);
  if (pass->links->len > 0 && !mark_wanted_targets (pass, error))
    return FALSE;

  for (guint i = 0; i < pass->links->len; i++)
    {
      const Link *link = g_ptr_array_index (pass->links, i);
      g_autoptr (GError) problem = NULL;
      const char *existing = NULL;

      if (link->target_is_wanted)
        existing = link->target;
      else if (first != NULL && strcmp (first->target, link->target) == 0)
        existing = first->path;

      if (existing != NULL && bk_tree_target_link (pass->target, existing, link->path, NULL))
        {
          count_done (pass);
          continue;
        }
      if (extract_content (pass, link, link->target, pass->origin, &problem))
        {
          first = link;
          count_done (pass);
        }
      else if (!fail_entry (pass, link->path, g_steal_pointer (&problem), error))
        return FALSE;
    }
  return TRUE;
}

/* ---- archives ---- */

/* Without its archive, each of its entries has failed. */
static gboolean
fail_archive (Pass *pass, const GError *problem, GError **error)
{
  g_auto (BkTreeEntries) entries = { 0 };
  const BkTreeEntry *entry;

  if (!bk_tree_entries_open (&entries, pass->point, pass->selection, pass->few, error))
    return FALSE;
  while (TRUE)
    {
      if (!bk_tree_entries_next (&entries, &entry, error))
        return FALSE;
      if (entry == NULL)
        return TRUE;
      if (entry->origin == pass->origin &&
          !fail_entry (pass, entry->path, g_error_copy (problem), error))
        return FALSE;
    }
}

static gboolean
extract_archive (Pass *pass, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (BkTreeArchiveReader) reader =
      bk_tree_point_read_archive (pass->point, pass->origin, &problem);

  if (reader == NULL)
    return fail_archive (pass, problem, error);

  g_ptr_array_set_size (pass->links, 0);
  pass->cursor = (BkTreeCursor){ .reader = reader };
  gboolean ok = extract_entries (pass, error) && make_links (pass, error);
  pass->result->read_bytes += bk_tree_archive_reader_get_bytes_read (reader);
  return ok;
}

/**
 * bk_tree_extract:
 * @plan: what bk_tree_extract_plan() said of the same selection
 * @result: (out): how it went, also when it is cut short
 *
 * What is broken in one place costs what is stored in that place: the rest is restored, and the
 * watch is told of each thing that is not.
 *
 * Errors: cancellation, a full target, a broken manifest.
 */
gboolean
bk_tree_extract (BkTreePoint *point,
                 const BkTreeSelection *selection,
                 const BkTreeExtractPlan *plan,
                 BkTreeTarget *target,
                 const BkTreeExtractWatch *watch,
                 BkTreeExtractResult *result,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GPtrArray) links = g_ptr_array_new_with_free_func (link_free);
  g_autoptr (GHashTable) failed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Pass pass = { .point = point,
                .selection = selection,
                .few = plan->few,
                .target = target,
                .watch = watch,
                .result = result,
                .cancellable = cancellable,
                .links = links,
                .failed = failed };

  memset (result, 0, sizeof *result);
  for (guint origin = 0; origin <= BK_TREE_ORIGIN_MAX; origin++)
    {
      pass.origin = (guint8) origin;
      if (plan->counts[origin] > 0 && !extract_archive (&pass, error))
        return FALSE;
    }
  return TRUE;
}
