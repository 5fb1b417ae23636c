#include "store/tree-scan.h"

#include "base/error.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

/*
 * Directories form a tree of nodes: the one the walk stands in, its parents, and those that were
 * looked at ahead of it. A thread that wants work takes the next directory in the order of the
 * walk that nobody has begun; so does the caller, whenever the directory it needs is still being
 * looked at by another. All fields of nodes that are not of the walk alone are under the mutex; a
 * node that is READING belongs to the thread that reads it.
 */

/* How many directories may lie ready ahead, and how many names in them. */
#define AHEAD_MAX 64
#define AHEAD_RECORDS_MAX (32 * 1024)

/* How far up a search for work looks for a directory with more children. */
#define CLIMB_MAX 32

/* By default, how many parents keep their handle open; one further up is opened again when the walk
 * returns to it. */
#define OPEN_PARENTS_MAX 128

typedef enum
{
  NODE_READING,
  NODE_READY,
} NodeState;

typedef struct _Node Node;
struct _Node
{
  BkTreeDirectory directory;
  Node *parent;
  Node *first_child; /* begun, and not yet left by the walk; in order */
  Node *last_child;
  Node *next_sibling;
  guint index;         /* among its parent's names */
  guint next_ahead;    /* the first name that no thread has asked about */
  guint next_item;     /* the first name that the walk has not given out */
  guint ahead_records; /* what it adds to the scan's */
  NodeState state;
  guint64 inode; /* of the directory, once it is known */
};

struct _BkTreeScan
{
  const BkTreeRules *rules;
  Node *current;
  BkTreeScratch *scratch;
  GPtrArray *mounts;
  BkTreeScanItem item;
  char *path;        /* of item */
  gboolean descends; /* the next step goes into what item names */
  guint64 too_long_count;

  GThread **threads;
  guint threads_count;
  GMutex mutex;
  GCond work;  /* there may be a directory to look at */
  GCond ready; /* a directory has been looked at */
  guint ahead_count;
  guint ahead_records;
  guint waiting_threads;
  gboolean quits;
};

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

/* ---- nodes ---- */

static const BkTreeRecord *
record_at (const Node *node, guint index)
{
  return &node->directory.records[index - node->directory.records_start];
}

static Node *
node_new (Node *parent, guint index)
{
  Node *self = g_new0 (Node, 1);
  BkTreeDirectory *directory = &self->directory;

  directory->fd = -1;
  self->parent = parent;
  self->index = index;
  if (parent == NULL)
    return self;

  const BkTreeDirectory *above = &parent->directory;
  const BkTreeRecord *record = record_at (parent, index);

  directory->parent = above;
  directory->name = bk_tree_directory_name (above, index);
  directory->path_length =
      (above->path_length == 0 ? 0 : above->path_length + 1) + strlen (directory->name);
  directory->is_bridge = (record->flags & BK_TREE_RECORD_BRIDGE) != 0;
  directory->device = record->device;
  directory->source_device = above->source_device;
  directory->source_length = above->source_length;
  if ((record->flags & BK_TREE_RECORD_SOURCE) != 0)
    {
      directory->source_device = record->device;
      directory->source_length = directory->path_length;
    }
  directory->grain_nsec = (record->flags & BK_TREE_RECORD_MOUNT) != 0 ? 0 : above->grain_nsec;
  self->inode = record->inode;
  return self;
}

static void
node_free (Node *node)
{
  bk_tree_directory_clear (&node->directory);
  g_free (node);
}

static void
append_child (Node *parent, Node *child)
{
  if (parent->last_child != NULL)
    parent->last_child->next_sibling = child;
  else
    parent->first_child = child;
  parent->last_child = child;
}

static void
remove_first_child (Node *parent)
{
  parent->first_child = parent->first_child->next_sibling;
  if (parent->first_child == NULL)
    parent->last_child = NULL;
}

static gboolean
leads_down (const Node *node, guint index)
{
  const BkTreeRecord *record = record_at (node, index);

  /* One whose path is too long is not given out either. */
  return record->errnum == 0 &&
         node->directory.path_length + 1 +
                 strlen (bk_tree_directory_name (&node->directory, index)) <=
             BK_TREE_PATH_MAX_BYTES &&
         (record->flags & (BK_TREE_RECORD_DESCEND | BK_TREE_RECORD_LEFT_OUT |
                           BK_TREE_RECORD_UNMOUNTED)) == BK_TREE_RECORD_DESCEND;
}

/* ---- looking ahead ---- */

/* The next directory below @node that nobody has begun, in the order of the walk. */
static Node *
find_below (Node *node)
{
  if (node->state != NODE_READY || node->directory.fd < 0)
    return NULL;
  for (Node *child = node->first_child; child != NULL; child = child->next_sibling)
    {
      Node *found = find_below (child);

      if (found != NULL)
        return found;
    }
  for (; node->next_ahead < node->directory.records_end; node->next_ahead++)
    {
      if (!leads_down (node, node->next_ahead))
        continue;

      Node *child = node_new (node, node->next_ahead++);
      append_child (node, child);
      return child;
    }
  return NULL;
}

static Node *
find_work (BkTreeScan *scan)
{
  Node *found = NULL;
  Node *node = scan->current;

  if (scan->ahead_count >= AHEAD_MAX || scan->ahead_records >= AHEAD_RECORDS_MAX)
    return NULL;
  for (guint climbed = 0; found == NULL && node != NULL && climbed < CLIMB_MAX; climbed++)
    {
      found = find_below (node);
      node = node->parent;
    }
  if (found != NULL)
    scan->ahead_count++;
  return found;
}

/* With the mutex held, which is let go meanwhile. */
static void
read_node (BkTreeScan *scan, Node *node, BkTreeScratch *scratch)
{
  int parent_fd = node->parent->directory.fd;

  g_mutex_unlock (&scan->mutex);
  bk_tree_directory_read (&node->directory, scan->rules, parent_fd, scratch);
  g_mutex_lock (&scan->mutex);
  node->state = NODE_READY;
  node->ahead_records = node->directory.records_end;
  scan->ahead_records += node->ahead_records;
}

static gpointer
look_ahead (gpointer data)
{
  BkTreeScan *scan = data;
  BkTreeScratch *scratch = bk_tree_scratch_new ();

  g_mutex_lock (&scan->mutex);
  while (!scan->quits)
    {
      Node *node = find_work (scan);

      if (node == NULL)
        {
          scan->waiting_threads++;
          g_cond_wait (&scan->work, &scan->mutex);
          scan->waiting_threads--;
          continue;
        }
      read_node (scan, node, scratch);
      g_cond_signal (&scan->ready);
    }
  g_mutex_unlock (&scan->mutex);
  bk_tree_scratch_free (scratch);
  return NULL;
}

/* ---- the walk ---- */

static int
open_again (const Node *node)
{
  autofd int fd = open ("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GString) path = g_string_new (NULL);
  struct stat st;

  bk_tree_directory_put_path (&node->directory, path);
  g_auto (GStrv) names = g_strsplit (path->str, "/", -1);
  for (char **name = names; fd >= 0 && *name != NULL; name++)
    {
      gboolean is_last = name[1] == NULL;
      int next =
          openat (fd, *name, (is_last ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

      bk_fd_clear (&fd);
      fd = next;
    }
  if (fd < 0 || fstat (fd, &st) < 0)
    return -1;
  if (st.st_dev != node->directory.device || st.st_ino != node->inode)
    {
      errno = ESTALE;
      return -1;
    }
  return bk_fd_steal (&fd);
}

static void
close_far_parent (Node *node, guint open_parents_max)
{
  for (guint i = 0; node != NULL && i < open_parents_max; i++)
    node = node->parent;
  if (node == NULL || node->parent == NULL || node->directory.fd < 0)
    return;
  for (Node *child = node->first_child; child != NULL; child = child->next_sibling)
    {
      if (child->state == NODE_READING)
        return;
    }
  bk_fd_clear (&node->directory.fd);
}

/* With the mutex held. */
static gboolean
make_open (Node *node)
{
  if (node->directory.fd < 0)
    node->directory.fd = open_again (node);
  return node->directory.fd >= 0;
}

/* With the mutex held: the node of the name at @index of where the walk stands, ready. */
static Node *
wait_for_child (BkTreeScan *scan, guint index)
{
  Node *parent = scan->current;
  Node *child = parent->first_child;

  if (child == NULL)
    {
      child = node_new (parent, index);
      append_child (parent, child);
      parent->next_ahead = index + 1;
      scan->ahead_count++;
      if (make_open (parent))
        read_node (scan, child, scan->scratch);
      else
        {
          child->directory.errnum = errno;
          child->state = NODE_READY;
        }
    }
  g_assert (child->index == index);
  while (child->state != NODE_READY)
    {
      Node *other = find_work (scan);

      if (other != NULL)
        read_node (scan, other, scan->scratch);
      else
        g_cond_wait (&scan->ready, &scan->mutex);
    }
  return child;
}

static void
leave (BkTreeScan *scan)
{
  Node *node = scan->current;

  scan->current = node->parent;
  if (node->parent != NULL)
    remove_first_child (node->parent);
  node_free (node);
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

  Node *child = wait_for_child (scan, scan->current->next_item - 1);
  int errnum = child->directory.errnum;

  scan->ahead_count--;
  scan->ahead_records -= child->ahead_records;
  if (errnum != 0)
    {
      remove_first_child (scan->current);
      node_free (child);
    }
  else
    {
      scan->current = child;
      close_far_parent (child, scan->rules->limits.open_parents_count > 0
                                   ? scan->rules->limits.open_parents_count
                                   : OPEN_PARENTS_MAX);
    }
  /* Woken when half the room is free: for each single one, they would only change places. */
  if (scan->waiting_threads > 0 && scan->ahead_count <= AHEAD_MAX / 2)
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
  Node *node = scan->current;

  /* Nobody is below: the names before have all been left. */
  g_mutex_lock (&scan->mutex);
  make_open (node);
  node->state = NODE_READING;
  g_mutex_unlock (&scan->mutex);
  bk_tree_directory_look (&node->directory, scan->rules, node->next_item, scan->scratch);
  g_mutex_lock (&scan->mutex);
  node->state = NODE_READY;
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
      Node *node = scan->current;

      if (node->next_item == node->directory.count)
        {
          g_mutex_lock (&scan->mutex);
          leave (scan);
          g_mutex_unlock (&scan->mutex);
          continue;
        }
      if (node->next_item == node->directory.records_end)
        look_at_more (scan);

      const BkTreeRecord *record = record_at (node, node->next_item);
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
  make_open (scan->current);
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
  self->current = node_new (NULL, 0);
  self->current->directory.is_bridge = rules->sources[0] == NULL || rules->sources[0][0] != '\0';
  if (stat ("/", &st) == 0)
    self->current->directory.device = self->current->directory.source_device = st.st_dev;
  bk_tree_directory_read (&self->current->directory, rules, -1, self->scratch);
  self->current->state = NODE_READY;
  if (self->current->directory.errnum != 0)
    {
      bk_error_set_errno (error, self->current->directory.errnum, "“/” cannot be read");
      return NULL;
    }

  self->threads_count = threads_count;
  self->threads = g_new0 (GThread *, threads_count);
  for (guint i = 0; i < threads_count; i++)
    self->threads[i] = g_thread_new ("scan", look_ahead, self);
  return g_steal_pointer (&self);
}

static void
free_below (Node *node)
{
  while (node->first_child != NULL)
    {
      Node *child = node->first_child;

      remove_first_child (node);
      free_below (child);
    }
  node_free (node);
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
      Node *node = scan->current;

      scan->current = node->parent;
      if (node->parent != NULL)
        remove_first_child (node->parent);
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
