#pragma once

#include "model/tree-exclude.h"

#include <gio/gio.h>
#include <sys/stat.h>

/* What a scan goes by, and what it keeps of the directory that it stands in. */

/* What bounds the memory and the handles of a scan; 0: the default. */
typedef struct
{
  guint
      records_count; /* how many names of a directory, of millions perhaps, are looked at in one go */
  guint open_parents_count; /* how many parents of where the walk stands keep their handle open */
} BkTreeScanLimits;

/* What to walk and what to leave out; constant while threads read. */
typedef struct
{
  GStrv sources; /* without the leading '/', in the order of paths, each once; "" is the root */
  const BkTreeExcludes *excludes; /* (nullable) */
  const char *const *mounts;      /* (nullable) paths that were mount points at the last backup */
  guint64 larger_than_bytes;      /* leave out larger regular files; 0: no limit */
  gboolean one_file_system;
  gboolean skip_caches; /* what lies beside a CACHEDIR.TAG */
  BkTreeScanLimits limits;
} BkTreeRules;

typedef enum
{
  BK_TREE_RECORD_DESCEND = 1 << 0, /* a directory to go into */
  BK_TREE_RECORD_BRIDGE = 1 << 1,  /* not part of the backup itself: it leads to a source */
  BK_TREE_RECORD_SOURCE = 1 << 2,  /* named by the settings */
  BK_TREE_RECORD_LEFT_OUT = 1 << 3,
  BK_TREE_RECORD_MOUNT = 1 << 4,     /* a file system is mounted here */
  BK_TREE_RECORD_UNMOUNTED = 1 << 5, /* none is, and one was */
} BkTreeRecordFlags;

typedef struct
{
  gint64 mtime_nsec;
  gint64 ctime_nsec;
  gint64 size_bytes;
  guint64 device;
  guint64 inode;
  guint32 st_mode;
  guint32 links_count;
  guint16 errnum; /* of statx() */
  guint8 flags;
} BkTreeRecord;

typedef struct _BkTreeDirectory BkTreeDirectory;
struct _BkTreeDirectory
{
  /* The path is not kept: that of a deep tree would take memory by the square of its depth. */
  const BkTreeDirectory *parent; /* %NULL for the root */
  const char *name;              /* of parent's */
  gsize path_length;
  gsize source_length; /* how much of path is the source's own */
  guint64 source_device;
  guint64 device;
  gint64 grain_nsec;
  int fd;
  int errnum; /* why it cannot be read */
  gboolean is_bridge;
  gboolean is_cache;
  char *names; /* each with its NUL */
  guint32 *offsets;
  guint count;
  BkTreeRecord *records; /* of names records_start to records_end */
  guint records_start;
  guint records_end;
};

/* Room that a thread uses again and again. */
typedef struct
{
  GString *path;
  guint8 entries[64 * 1024];
} BkTreeScratch;

/**
 * bk_tree_directory_name:
 * @index: below count
 */
static inline const char *
bk_tree_directory_name (const BkTreeDirectory *directory, guint index)
{
  return directory->names + directory->offsets[index];
}
