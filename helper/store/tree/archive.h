#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/*
 * Archives of tree backups: ordinary tar (pax) that any tool unpacks, in which one member is found
 * without reading the rest.
 *
 *   archive    = { frame } end-frame seek-table                  (.tar.zst)
 *   frame      = one independent zstd frame, about 1 MiB of tar that begins at a member, or a later
 *                part of a member that is larger than one frame
 *   end-frame  = a frame of 1024 zero bytes: the end of the tar
 *   seek-table = see format/seek-table.h
 *
 * Whether a frame begins at a member stands in the table already: members begin at multiples of
 * 512 bytes of the tar, so a frame that continues a member is made to begin elsewhere.
 *
 * .tar.gz is the same tar in gzip members of about 1 MiB, without a table: it is read from its
 * beginning.
 *
 * Members stand in NBKM order (bk_tree_path_compare()); their names are the manifest's paths.
 */

typedef enum
{
  BK_TREE_COMPRESSION_ZSTD,
  BK_TREE_COMPRESSION_GZIP,
} BkTreeCompression;

const char *bk_tree_compression_suffix (BkTreeCompression compression); /* "tar.zst", "tar.gz" */

/* ---- writing ---- */

typedef struct
{
  BkTreeCompression compression;
  int level;           /* 0: the codec's default here (zstd 2, gzip by ISA-L 1) */
  guint threads_count; /* 0: one per processor, at most 8 */
} BkTreeArchiveOptions;

/* One thing to put into the archive. Everything is borrowed for the call. */
typedef struct
{
  const char *path;            /* in the archive, bytes as on disk, without a leading slash */
  int dirfd;                   /* the directory that holds it */
  const char *name;            /* its name there */
  mode_t mode;                 /* st_mode as scanned: the type decides how it is opened */
  guint64 size_bytes;          /* as scanned: only how much work to expect */
  const char *hardlink_target; /* (nullable) path of the same inode: an earlier member, or one that
                                * is unchanged since an earlier archive of the generation */
  gpointer user_data;          /* handed back in BkTreeArchiveFunc */
} BkTreeArchiveInput;

typedef enum
{
  BK_TREE_STORED,   /* in the archive, as `result` says */
  BK_TREE_CHANGED,  /* in the archive, but it changed while it was read: its content may be of
                       * two times. `result` is from before the read, so the next run sees it */
  BK_TREE_VANISHED, /* not in the archive: it is gone, or something of another type stands there */
  BK_TREE_UNREADABLE, /* not in the archive: see errnum */
  BK_TREE_SKIPPED,    /* not in the archive: tar has no way to say it (a socket) */
} BkTreeOutcome;

/* What became of an input. For STORED and CHANGED, the state that the archive holds: it was read
 * from the open file before its content was. Record this, not what the scan saw. */
typedef struct
{
  BkTreeOutcome outcome;
  int errnum; /* of UNREADABLE and VANISHED */
  mode_t mode;
  guint64 size_bytes;
  gint64 mtime_nsecs;
  gint64 ctime_nsecs;
} BkTreeArchiveResult;

/* Called in the order of adding, once for each input, always from within _add(), _settle() or
 * _finish(), in the thread that called them. */
typedef void (*BkTreeArchiveFunc) (gpointer input_data,
                                   const BkTreeArchiveResult *result,
                                   gpointer user_data);

typedef struct _BkTreeArchiveWriter BkTreeArchiveWriter;

BkTreeArchiveWriter *bk_tree_archive_writer_new (int dirfd,
                                                 const char *name,
                                                 const BkTreeArchiveOptions *options,
                                                 BkTreeArchiveFunc func,
                                                 gpointer user_data,
                                                 GError **error);
gboolean bk_tree_archive_writer_add (BkTreeArchiveWriter *writer,
                                     const BkTreeArchiveInput *input,
                                     GCancellable *cancellable,
                                     GError **error);
gboolean bk_tree_archive_writer_settle (BkTreeArchiveWriter *writer,
                                        GCancellable *cancellable,
                                        GError **error);
gboolean bk_tree_archive_writer_finish (BkTreeArchiveWriter *writer,
                                        guint64 *size_bytes,
                                        char **sha256,
                                        GCancellable *cancellable,
                                        GError **error);
guint64 bk_tree_archive_writer_get_bytes (BkTreeArchiveWriter *writer);
void bk_tree_archive_writer_free (BkTreeArchiveWriter *writer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeArchiveWriter, bk_tree_archive_writer_free)

/* ---- reading ---- */

typedef struct
{
  char *name; /* extended attributes other than POSIX ACLs' */
  GBytes *value;
} BkTreeXattr;

/* A member as the archive says it; checked: path is relative, has no empty, "." or ".." component
 * and is not empty. Valid until the next call on the reader. */
typedef struct
{
  const char *path;
  const char *hardlink_target; /* (nullable) checked as path */
  const char *symlink_target;  /* (nullable) not checked */
  mode_t mode;
  uid_t uid;
  gid_t gid;
  dev_t rdev;
  guint64 size_bytes;
  gint64 mtime_nsecs;
  GBytes *acl_access;  /* (nullable) as in the attribute system.posix_acl_access */
  GBytes *acl_default; /* (nullable) as in system.posix_acl_default */
  GPtrArray *xattrs;   /* of BkTreeXattr */
} BkTreeArchiveMember;

typedef struct _BkTreeArchiveReader BkTreeArchiveReader;

BkTreeArchiveReader *bk_tree_archive_reader_new (int fd, const char *name, GError **error);
void bk_tree_archive_reader_free (BkTreeArchiveReader *reader);
gboolean bk_tree_archive_reader_can_seek (BkTreeArchiveReader *reader);

gboolean bk_tree_archive_reader_next (BkTreeArchiveReader *reader,
                                      const BkTreeArchiveMember **member,
                                      GCancellable *cancellable,
                                      GError **error);
gboolean bk_tree_archive_reader_find (BkTreeArchiveReader *reader,
                                      const char *path,
                                      const BkTreeArchiveMember **member,
                                      GCancellable *cancellable,
                                      GError **error);
gboolean bk_tree_archive_reader_read_block (BkTreeArchiveReader *reader,
                                            const void **data,
                                            gsize *length_bytes,
                                            guint64 *offset_bytes,
                                            GCancellable *cancellable,
                                            GError **error);
GInputStream *bk_tree_archive_reader_open_content (BkTreeArchiveReader *reader,
                                                   const BkTreeArchiveMember *member);
guint64 bk_tree_archive_reader_get_bytes_read (BkTreeArchiveReader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkTreeArchiveReader, bk_tree_archive_reader_free)
