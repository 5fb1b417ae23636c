/* The walk itself; what other threads do for it is in scan-ahead.c. */
#include "store/tree/scan-private.h"

#include "base/error.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

/* By default, how many parents keep their handle open; one further up is opened again when the walk
 * returns to it. */
#define OPEN_PARENTS_MAX 128

/**
 * bk_tree_scan_clock:
 *
 * Returns: now, by the clock that the kernel stamps files with: whatever is touched from here on
 *   has a time that is not before it.
 */
gint64
bk_tree_scan_clock (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
leave (BkTreeScan *scan)
{
  BkTreeNode *node = scan->current;

  scan->current = node->parent;
  if (node->parent != NULL)
    bk_tree_node_remove_first_child (node->parent);
  bk_tree_node_free (node);
}

static const BkTreeScanItem *
give_unreadable (BkTreeScan *scan, int errnum)
{
  scan->item.found.kind = BK_TREE_FOUND_UNREADABLE;
  scan->item.errnum = errnum;
  return &scan->item;
}

/* Into the directory that the item before named. NULL when that went well. */
static const BkTreeScanItem *
descend (BkTreeScan *scan)
{
  scan->descends = FALSE;
  g_mutex_lock (&scan->mutex);

  BkTreeNode *child = bk_tree_scan_wait_for_child (scan, scan->current->next_item - 1);
  int errnum = child->directory.errnum;

  scan->ahead_count--;
  scan->ahead_records -= child->ahead_records;
  if (errnum != 0)
    {
      bk_tree_node_remove_first_child (scan->current);
      bk_tree_node_free (child);
    }
  else
    {
      scan->current = child;
      bk_tree_node_close_far_parent (child, scan->rules->limits.open_parents_count > 0
                                                ? scan->rules->limits.open_parents_count
                                                : OPEN_PARENTS_MAX);
    }
  /* Woken when half the room is free: for each single one, they would only change places. */
  if (scan->waiting_threads > 0 && scan->ahead_count <= BK_TREE_AHEAD_MAX / 2)
    g_cond_broadcast (&scan->work);
  g_mutex_unlock (&scan->mutex);
  return errnum != 0 ? give_unreadable (scan, errnum) : NULL;
}

static gboolean
set_path (BkTreeScan *scan, const char *name)
{
  const BkTreeDirectory *directory = &scan->current->directory;
  gsize name_length = strlen (name);
  gsize start = directory->path_length == 0 ? 0 : directory->path_length + 1;

  if (start + name_length > BK_TREE_PATH_MAX_BYTES)
    return FALSE;
  /* The path of the directory is there already: it was that of an item before. */
  if (start > 0)
    scan->path[start - 1] = '/';
  memcpy (scan->path + start, name, name_length + 1);
  scan->item.found.entry.path_length = (guint16) (start + name_length);
  return TRUE;
}

static void
look_at_more (BkTreeScan *scan)
{
  BkTreeNode *node = scan->current;

  /* Nobody is below: the names before have all been left. */
  g_mutex_lock (&scan->mutex);
  bk_tree_node_open (node);
  node->state = BK_TREE_NODE_READING;
  g_mutex_unlock (&scan->mutex);
  bk_tree_directory_look (&node->directory, scan->rules, node->next_item, scan->scratch);
  g_mutex_lock (&scan->mutex);
  node->state = BK_TREE_NODE_READY;
  node->next_ahead = node->next_item;
  g_mutex_unlock (&scan->mutex);
}

static const BkTreeScanItem *
give_item (BkTreeScan *scan, const BkTreeRecord *record, const char *name)
{
  BkTreeScanItem *item = &scan->item;
  BkTreeEntry *entry = &item->found.entry;

  item->name = name;
  item->errnum = 0;
  item->is_unmounted = (record->flags & BK_TREE_RECORD_UNMOUNTED) != 0;
  item->is_source = scan->current->directory.is_bridge ||
                    (record->flags & (BK_TREE_RECORD_SOURCE | BK_TREE_RECORD_BRIDGE)) != 0;
  if (record->errnum != 0 || item->is_unmounted)
    return give_unreadable (scan, record->errnum);

  scan->descends = (record->flags & BK_TREE_RECORD_DESCEND) != 0;
  if (scan->descends && (record->flags & BK_TREE_RECORD_MOUNT) != 0)
    g_ptr_array_add (scan->mounts, g_strdup (scan->path));
  if ((record->flags & BK_TREE_RECORD_BRIDGE) != 0)
    return NULL;
  item->found.kind = BK_TREE_FOUND_ENTRY;
  item->found.ctime_nsec = record->ctime_nsec;
  item->found.grain_nsec = scan->current->directory.grain_nsec;
  entry->mode = bk_tree_mode_from_stat (record->st_mode);
  entry->mtime_nsec = record->mtime_nsec;
  entry->size_bytes = record->size_bytes;
  item->device = record->device;
  item->inode = record->inode;
  item->st_mode = record->st_mode;
  item->links_count = record->links_count;
  return item;
}

/**
 * bk_tree_scan_next:
 *
 * Whatever cannot be read is an item, never an error: the walk goes on beside it.
 *
 * Returns: (transfer none) (nullable): the next entry, or %NULL after the last one.
 */
const BkTreeScanItem *
bk_tree_scan_next (BkTreeScan *scan)
{
  if (scan->descends)
    {
      const BkTreeScanItem *unreadable = descend (scan);

      if (unreadable != NULL)
        return unreadable;
    }
  while (scan->current != NULL)
    {
      BkTreeNode *node = scan->current;

      if (node->next_item == node->directory.count)
        {
          g_mutex_lock (&scan->mutex);
          leave (scan);
          g_mutex_unlock (&scan->mutex);
          continue;
        }
      if (node->next_item == node->directory.records_end)
        look_at_more (scan);

      const BkTreeRecord *record = bk_tree_node_record (node, node->next_item);
      const char *name = bk_tree_directory_name (&node->directory, node->next_item);
      node->next_item++;
      if ((record->flags & BK_TREE_RECORD_LEFT_OUT) != 0)
        continue;
      if (!set_path (scan, name))
        {
          scan->too_long_count++;
          continue;
        }

      const BkTreeScanItem *item = give_item (scan, record, name);
      if (item == NULL && scan->descends)
        item = descend (scan);
      if (item != NULL)
        return item;
    }
  return NULL;
}

/**
 * bk_tree_scan_get_directory:
 *
 * Returns: a borrowed handle of the directory that holds the item's name, valid until the next
 *   step; -1, with errno, if it is no longer there.
 */
int
bk_tree_scan_get_directory (BkTreeScan *scan)
{
  int fd;

  g_mutex_lock (&scan->mutex);
  bk_tree_node_open (scan->current);
  fd = scan->current->directory.fd;
  g_mutex_unlock (&scan->mutex);
  return fd;
}

/**
 * bk_tree_scan_get_mounts:
 *
 * Returns: (transfer full): where the walk went into another file system so far.
 */
GStrv
bk_tree_scan_get_mounts (BkTreeScan *scan)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < scan->mounts->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (scan->mounts, i));
  return g_strv_builder_end (builder);
}

/**
 * bk_tree_scan_get_too_long_count:
 *
 * Returns: how many names were passed over because a manifest cannot hold their path.
 */
guint64
bk_tree_scan_get_too_long_count (BkTreeScan *scan)
{
  return scan->too_long_count;
}

/**
 * bk_tree_scan_new:
 * @rules: borrowed for the life of the scan
 * @threads_count: how many look ahead, besides the caller
 *
 * Errors: the root directory cannot be read.
 *
 * Returns: (transfer full) (nullable): the walk, before its first entry.
 */
BkTreeScan *
bk_tree_scan_new (const BkTreeRules *rules, guint threads_count, GError **error)
{
  g_autoptr (BkTreeScan) self = g_new0 (BkTreeScan, 1);
  struct stat st = { 0 };

  self->rules = rules;
  self->scratch = bk_tree_scratch_new ();
  self->mounts = g_ptr_array_new_with_free_func (g_free);
  self->path = g_malloc0 (BK_TREE_PATH_MAX_BYTES + 1);
  self->item.found.entry.path = self->path;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->work);
  g_cond_init (&self->ready);

  /* "/" itself has no entry: its path would be empty. */
  self->current = bk_tree_node_new (NULL, 0);
  self->current->directory.is_bridge = rules->sources[0] == NULL || rules->sources[0][0] != '\0';
  if (stat ("/", &st) == 0)
    self->current->directory.device = self->current->directory.source_device = st.st_dev;
  bk_tree_directory_read (&self->current->directory, rules, -1, self->scratch);
  self->current->state = BK_TREE_NODE_READY;
  if (self->current->directory.errnum != 0)
    {
      bk_error_set_errno (error, self->current->directory.errnum, "“/” cannot be read");
      return NULL;
    }

  self->threads_count = threads_count;
  self->threads = g_new0 (GThread *, threads_count);
  for (guint i = 0; i < threads_count; i++)
    self->threads[i] = bk_thread_new ("scan", bk_tree_scan_look_ahead, self);
  return g_steal_pointer (&self);
}

static void
free_below (BkTreeNode *node)
{
  while (node->first_child != NULL)
    {
      BkTreeNode *child = node->first_child;

      bk_tree_node_remove_first_child (node);
      free_below (child);
    }
  bk_tree_node_free (node);
}

void
bk_tree_scan_free (BkTreeScan *scan)
{
  g_mutex_lock (&scan->mutex);
  scan->quits = TRUE;
  g_cond_broadcast (&scan->work);
  g_mutex_unlock (&scan->mutex);
  for (guint i = 0; i < scan->threads_count; i++)
    g_thread_join (scan->threads[i]);
  /* From the walk outwards, so that the depth of the tree is not that of the calls. */
  while (scan->current != NULL)
    {
      BkTreeNode *node = scan->current;

      scan->current = node->parent;
      if (node->parent != NULL)
        bk_tree_node_remove_first_child (node->parent);
      free_below (node);
    }
  g_free (scan->threads);
  g_ptr_array_unref (scan->mounts);
  bk_tree_scratch_free (scan->scratch);
  g_mutex_clear (&scan->mutex);
  g_cond_clear (&scan->work);
  g_cond_clear (&scan->ready);
  g_free (scan->path);
  g_free (scan);
}
