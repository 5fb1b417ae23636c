#include "store/tree/directory.h"

#include "base/fd.h"
#include "base/timestamp.h"
#include "model/tree-path.h"
#include "store/tree/directory-names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* By default, how many names are looked at in one go: what bounds the memory of a directory of
 * millions. */
#define RECORDS_MAX 4096

#define NSEC_PER_SEC G_GINT64_CONSTANT (1000000000)

/* The kernel stamps files with the time of its last tick: 10 ms at the slowest usual rate. */
#define LOCAL_GRAIN_NSEC (20 * G_GINT64_CONSTANT (1000000))

/* Another machine's clock stamps them. */
#define REMOTE_GRAIN_NSEC (10 * NSEC_PER_SEC)

#define CACHE_TAG "CACHEDIR.TAG"

/* https://bford.info/cachedir/ */
#define CACHE_SIGNATURE "Signature: 8a477f597d28d172789f06886806bc55"

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef SMB2_SUPER_MAGIC
#define SMB2_SUPER_MAGIC 0xfe534d42
#endif

BkTreeScratch *
bk_tree_scratch_new (void)
{
  BkTreeScratch *self = g_new0 (BkTreeScratch, 1);

  self->path = g_string_sized_new (512);
  return self;
}

void
bk_tree_scratch_free (BkTreeScratch *scratch)
{
  g_string_free (scratch->path, TRUE);
  g_free (scratch);
}

/**
 * bk_tree_rules_lead_below:
 * @path: of something that is to be left out
 * @is_source: (out): whether @path itself is a source
 *
 * Returns: whether @path is a source or has one below it, which is never left out.
 */
gboolean
bk_tree_rules_lead_below (const BkTreeRules *rules, const char *path, gboolean *is_source)
{
  gboolean leads = FALSE;

  *is_source = FALSE;
  for (char **source = rules->sources; *source != NULL; source++)
    {
      if (!bk_tree_path_is_below (*source, path))
        continue;
      leads = TRUE;
      *is_source = *is_source || strcmp (*source, path) == 0;
    }
  return leads;
}

static gint64
grain_of (int fd)
{
  struct statfs fs;

  if (fstatfs (fd, &fs) < 0)
    return REMOTE_GRAIN_NSEC;
  switch ((guint32) fs.f_type)
    {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case FUSE_SUPER_MAGIC:
    case V9FS_MAGIC:
    case CEPH_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
      return REMOTE_GRAIN_NSEC;
    default:
      return LOCAL_GRAIN_NSEC;
    }
}

static gboolean
is_tagged_as_cache (const BkTreeDirectory *directory)
{
  char text[sizeof CACHE_SIGNATURE - 1];
  autofd int fd =
      openat (directory->fd, CACHE_TAG, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat st;

  return fd >= 0 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode) &&
         pread (fd, text, sizeof text, 0) == (ssize_t) sizeof text &&
         memcmp (text, CACHE_SIGNATURE, sizeof text) == 0;
}

static int
open_directory (int parent_fd, const char *name)
{
  int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (parent_fd, name, flags | O_NOATIME);

  /* Only the owner and root may leave the access time alone. */
  return fd < 0 && errno == EPERM ? openat (parent_fd, name, flags) : fd;
}

static inline gint64
nsec_of (const struct statx_timestamp *time)
{
  return bk_time_nsecs (time->tv_sec, time->tv_nsec);
}

static gboolean
is_mount (const BkTreeDirectory *directory, const struct statx *stx, guint64 device)
{
  if ((stx->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
    return (stx->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  return device != directory->device;
}

static guint8
flags_of_bridge (const BkTreeRules *rules, const char *path, BkTreeRecord *record)
{
  gboolean is_source;
  gboolean is_directory = S_ISDIR (record->st_mode);

  bk_tree_rules_lead_below (rules, path, &is_source);
  if (!is_source && !is_directory)
    record->errnum = ENOTDIR;
  return (is_source ? BK_TREE_RECORD_SOURCE : BK_TREE_RECORD_BRIDGE) |
         (is_directory ? BK_TREE_RECORD_DESCEND : 0);
}

static gboolean
is_left_out (const BkTreeDirectory *directory,
             const BkTreeRules *rules,
             const char *path,
             const char *name,
             const BkTreeRecord *record)
{
  if (directory->is_cache && strcmp (name, CACHE_TAG) != 0)
    return TRUE;
  if (rules->larger_than_bytes != 0 && S_ISREG (record->st_mode) &&
      (guint64) record->size_bytes > rules->larger_than_bytes)
    return TRUE;
  return rules->excludes != NULL &&
         bk_tree_excludes_match (rules->excludes, path, directory->source_length, name,
                                 S_ISDIR (record->st_mode));
}

static guint8
flags_of_entry (const BkTreeDirectory *directory,
                const BkTreeRules *rules,
                const char *path,
                const char *name,
                BkTreeRecord *record)
{
  gboolean is_source = FALSE;

  if (is_left_out (directory, rules, path, name, record))
    {
      if (!bk_tree_rules_lead_below (rules, path, &is_source))
        return BK_TREE_RECORD_LEFT_OUT;
      if (!is_source)
        return flags_of_bridge (rules, path, record);
    }
  if (!S_ISDIR (record->st_mode))
    return is_source ? BK_TREE_RECORD_SOURCE : 0;
  if (!is_source && rules->sources[0] != NULL && rules->sources[1] != NULL)
    bk_tree_rules_lead_below (rules, path, &is_source);
  if (is_source)
    return BK_TREE_RECORD_SOURCE | BK_TREE_RECORD_DESCEND;
  if (rules->one_file_system && record->device != directory->source_device)
    return 0;
  return BK_TREE_RECORD_DESCEND;
}

/* In the scratch stands the path of the directory: behind it comes the name. */
static const char *
path_of (const BkTreeDirectory *directory, const char *name, BkTreeScratch *scratch)
{
  g_string_truncate (scratch->path, directory->path_length);
  if (directory->path_length > 0)
    g_string_append_c (scratch->path, '/');
  g_string_append (scratch->path, name);
  return scratch->path->str;
}

static void
look_at (const BkTreeDirectory *directory,
         const BkTreeRules *rules,
         const char *name,
         BkTreeRecord *record,
         BkTreeScratch *scratch)
{
  struct statx stx;
  int flags = AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW;

  if (statx (directory->fd, name, flags, STATX_BASIC_STATS, &stx) < 0)
    {
      gboolean is_source;

      *record = (BkTreeRecord){ .errnum = (guint16) errno };
      /* Gone since it was listed is no more than gone; a source that is gone is missing. */
      if (record->errnum == ENOENT && !directory->is_bridge &&
          !bk_tree_rules_lead_below (rules, path_of (directory, name, scratch), &is_source))
        record->flags = BK_TREE_RECORD_LEFT_OUT;
      return;
    }

  record->st_mode = stx.stx_mode;
  record->links_count = stx.stx_nlink;
  record->mtime_nsec = nsec_of (&stx.stx_mtime);
  record->ctime_nsec = nsec_of (&stx.stx_ctime);
  record->size_bytes = S_ISREG (stx.stx_mode) || S_ISLNK (stx.stx_mode) ? (gint64) stx.stx_size : 0;
  record->device = makedev (stx.stx_dev_major, stx.stx_dev_minor);
  record->inode = stx.stx_ino;
  record->errnum = 0;

  gboolean is_directory = S_ISDIR (stx.stx_mode);
  const char *path = "";
  if (directory->is_bridge || directory->is_cache || rules->excludes != NULL ||
      rules->larger_than_bytes != 0 ||
      (is_directory && (rules->sources[1] != NULL || rules->mounts != NULL)))
    path = path_of (directory, name, scratch);
  record->flags = directory->is_bridge ? flags_of_bridge (rules, path, record)
                                       : flags_of_entry (directory, rules, path, name, record);
  if (!is_directory)
    return;
  if (is_mount (directory, &stx, record->device))
    record->flags |= BK_TREE_RECORD_MOUNT;
  else if (rules->mounts != NULL && g_strv_contains (rules->mounts, path))
    record->flags |= BK_TREE_RECORD_UNMOUNTED;
}

/**
 * bk_tree_directory_look:
 * @start: index of a name; it and those after it are looked at, as many as the rules' limits say
 */
void
bk_tree_directory_look (BkTreeDirectory *directory,
                        const BkTreeRules *rules,
                        guint start,
                        BkTreeScratch *scratch)
{
  guint records_max = rules->limits.records_count > 0 ? rules->limits.records_count : RECORDS_MAX;

  if (directory->records == NULL)
    directory->records = g_new (BkTreeRecord, MIN (directory->count, records_max));
  bk_tree_directory_put_path (directory, scratch->path);
  directory->records_start = start;
  directory->records_end = MIN (directory->count, start + records_max);
  for (guint i = start; i < directory->records_end; i++)
    look_at (directory, rules, bk_tree_directory_name (directory, i),
             &directory->records[i - start], scratch);
}

/**
 * bk_tree_directory_read:
 * @directory: with parent, name, path_length, source_length, source_device, device, grain_nsec (0
 *   where a file system begins) and is_bridge filled in; the rest is 0
 * @parent_fd: the handle of its parent; not used for the root
 *
 * Opens it, lists and sorts it, and looks at the first names. What goes wrong is in
 * directory->errnum, then it has no names: a listing that broke off says nothing about what it did
 * not get to.
 */
void
bk_tree_directory_read (BkTreeDirectory *directory,
                        const BkTreeRules *rules,
                        int parent_fd,
                        BkTreeScratch *scratch)
{
  directory->fd = directory->parent == NULL ? open_directory (AT_FDCWD, "/")
                                            : open_directory (parent_fd, directory->name);
  if (directory->fd < 0)
    {
      directory->errnum = errno;
      return;
    }
  if (directory->grain_nsec == 0)
    directory->grain_nsec = grain_of (directory->fd);
  if (!bk_tree_directory_list (directory, rules, scratch))
    {
      directory->count = 0;
      return;
    }
  directory->is_cache =
      rules->skip_caches && !directory->is_bridge && is_tagged_as_cache (directory);
  bk_tree_directory_look (directory, rules, 0, scratch);
}

void
bk_tree_directory_clear (BkTreeDirectory *directory)
{
  bk_fd_clear (&directory->fd);
  g_clear_pointer (&directory->names, g_free);
  g_clear_pointer (&directory->offsets, g_free);
  g_clear_pointer (&directory->records, g_free);
}
