#include "store/tree/pack.h"

#include "store/tree/pax.h"

#include <archive.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How far a file may have grown between its scan and its reading and still be read at once. A
 * larger one is left to the next run, which packs it as the large file it has become. */
#define GROWN_MAX_BYTES (16u * 1024 * 1024)

/* Where a frame that continues a large file begins, modulo 512: see store/tree/archive.h. */
#define CONTINUATION_BYTES 256

/* libarchive 3.6 gives a sparse file's real name only if it fits into an old tar header. */
#define SHORT_NAME_BYTES 99

struct _BkTreePacker
{
  struct archive *archive; /* for names in ASCII, which need nothing said about them */
  struct archive *binary;  /* for other names: they go in as the bytes they are */
  struct archive_entry *entry;
  GByteArray *plain;
  GByteArray *content;
  BkTreeObject object;
};

struct _BkTreeLarge
{
  gatomicrefcount references;
  BkTreeObject object;
  GByteArray *header;
  guint64 data_bytes;
  guint segments_count;
  BkTreeArchiveResult result;
  int errnum;   /* atomic; the first failure of a segment */
  int is_short; /* atomic; the file ended before its size */
};

static la_ssize_t
on_write (struct archive *archive, void *user_data, const void *data, size_t length_bytes)
{
  g_byte_array_append (user_data, data, (guint) length_bytes);
  return (la_ssize_t) length_bytes;
}

/* With @is_binary, each member says that its names are bytes and not UTF-8. GNU tar takes them so
 * anyway, but warns that it does not know the keyword. */
static struct archive *
new_archive (GByteArray *sink, gboolean is_binary)
{
  struct archive *archive = archive_write_new ();
  const char *options = is_binary ? "hdrcharset=BINARY,xattrheader=SCHILY" : "xattrheader=SCHILY";

  if (archive_write_set_format_pax (archive) != ARCHIVE_OK ||
      archive_write_set_options (archive, options) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block (archive, 0) != ARCHIVE_OK ||
      archive_write_open (archive, sink, NULL, on_write, NULL) != ARCHIVE_OK)
    g_error ("libarchive does not write pax: %s", archive_error_string (archive));
  return archive;
}

static void
free_archive (struct archive *archive)
{
  archive_write_fail (archive); /* else it would write the end of the tar */
  archive_write_free (archive);
}

BkTreePacker *
bk_tree_packer_new (void)
{
  BkTreePacker *self = g_new0 (BkTreePacker, 1);

  self->plain = g_byte_array_sized_new (BK_TREE_FRAME_BYTES);
  self->content = g_byte_array_new ();
  self->archive = new_archive (self->plain, FALSE);
  self->binary = new_archive (self->plain, TRUE);
  self->entry = archive_entry_new ();
  bk_tree_object_init (&self->object);
  return self;
}

void
bk_tree_packer_free (BkTreePacker *packer)
{
  free_archive (packer->archive);
  free_archive (packer->binary);
  archive_entry_free (packer->entry);
  bk_tree_object_clear (&packer->object);
  g_byte_array_unref (packer->plain);
  g_byte_array_unref (packer->content);
  g_free (packer);
}

/**
 * bk_tree_packer_reset:
 *
 * Begins a new frame.
 */
void
bk_tree_packer_reset (BkTreePacker *packer)
{
  g_byte_array_set_size (packer->plain, 0);
}

/**
 * bk_tree_packer_get_bytes:
 *
 * Returns: (transfer none): the tar since bk_tree_packer_reset(), a multiple of 512 bytes unless
 *   it holds a segment.
 */
const void *
bk_tree_packer_get_bytes (BkTreePacker *packer, gsize *length_bytes)
{
  *length_bytes = packer->plain->len;
  return packer->plain->data;
}

static void
fill_result (BkTreeArchiveResult *result, BkTreeOutcome outcome, int errnum, const struct stat *st)
{
  *result = (BkTreeArchiveResult){ .outcome = outcome, .errnum = errnum };
  if (st == NULL)
    return;
  result->mode = st->st_mode;
  result->size_bytes = (guint64) st->st_size;
  result->mtime_nsecs = (gint64) st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
  result->ctime_nsecs = (gint64) st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

static void
fill_failure (BkTreeArchiveResult *result, int errnum)
{
  gboolean gone = errnum == ENOENT || errnum == ESTALE;

  fill_result (result, gone ? BK_TREE_VANISHED : BK_TREE_UNREADABLE, errnum, NULL);
}

/* Returns 0 or an errno. What the file no longer has is filled with zeros, and is_short set. */
static int
read_extent (int fd, guint64 offset_bytes, guint8 *data, gsize length_bytes, gboolean *is_short)
{
  while (length_bytes > 0)
    {
      ssize_t n = pread (fd, data, length_bytes, (off_t) offset_bytes);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          memset (data, 0, length_bytes);
          *is_short = n == 0;
          return n < 0 ? errno : 0;
        }
      data += n;
      offset_bytes += (guint64) n;
      length_bytes -= (gsize) n;
    }
  return 0;
}

/* Reads the whole file, holes as zeros, as libarchive takes it. */
static int
read_content (BkTreePacker *packer, gboolean *is_short)
{
  const BkTreeObject *object = &packer->object;

  g_byte_array_set_size (packer->content, (guint) object->st.st_size);
  if (object->is_sparse)
    memset (packer->content->data, 0, packer->content->len);
  for (guint i = 0; i < object->extents->len; i++)
    {
      const BkTreeExtent *extent = &g_array_index (object->extents, BkTreeExtent, i);
      int errnum = read_extent (object->fd, extent->offset_bytes,
                                packer->content->data + extent->offset_bytes,
                                (gsize) extent->length_bytes, is_short);

      if (errnum != 0)
        return errnum;
    }
  return 0;
}

static gboolean
is_ascii (const char *text)
{
  return text == NULL || g_str_is_ascii (text);
}

static gboolean
has_ascii_names (const BkTreeArchiveInput *input, const BkTreeObject *object)
{
  return is_ascii (input->path) && is_ascii (input->hardlink_target) &&
         is_ascii (object->symlink_target);
}

static int
write_header (struct archive *archive,
              GByteArray *sink,
              const BkTreeObject *object,
              const BkTreeArchiveInput *input,
              struct archive_entry *entry)
{
  guint at = sink->len;
  int status = archive_write_header (archive, entry);

  if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
    return EIO;
  if (object->is_sparse && input->hardlink_target == NULL &&
      strlen (input->path) > SHORT_NAME_BYTES)
    bk_tree_pax_append (sink, at, "GNU.sparse.name", input->path);
  return 0;
}

static int
pack_object (BkTreePacker *packer, const BkTreeArchiveInput *input, gboolean *has_changed)
{
  BkTreeObject *object = &packer->object;
  gboolean is_file = S_ISREG (object->st.st_mode) && input->hardlink_target == NULL;
  int errnum = 0;

  g_byte_array_set_size (packer->content, 0);
  if (is_file && object->st.st_size > GROWN_MAX_BYTES)
    return EFBIG;
  if (is_file)
    errnum = bk_tree_object_find_extents (object);
  if (errnum == 0 && is_file)
    errnum = read_content (packer, has_changed);
  if (errnum != 0)
    return errnum;

  archive_entry_clear (packer->entry);
  errnum = bk_tree_object_describe (object, input->dirfd, input->name, input->path, packer->entry);
  if (errnum != 0)
    return errnum;
  if (input->hardlink_target != NULL)
    {
      archive_entry_set_size (packer->entry, 0);
      archive_entry_copy_hardlink (packer->entry, input->hardlink_target);
    }

  struct archive *archive = has_ascii_names (input, object) ? packer->archive : packer->binary;
  errnum = write_header (archive, packer->plain, object, input, packer->entry);
  if (errnum == 0 && is_file)
    archive_write_data (archive, packer->content->data, packer->content->len);
  archive_write_finish_entry (archive);
  if (is_file && bk_tree_object_has_changed (object))
    *has_changed = TRUE;
  return errnum;
}

/**
 * bk_tree_packer_add:
 * @input: no large file
 * @result: (out): what became of it
 *
 * Adds one whole member. A file is read before its header is written, so that one that cannot be
 * read leaves nothing behind.
 */
void
bk_tree_packer_add (BkTreePacker *packer,
                    const BkTreeArchiveInput *input,
                    BkTreeArchiveResult *result)
{
  BkTreeObject *object = &packer->object;
  guint before_bytes = packer->plain->len;
  gboolean has_changed = FALSE;

  if (S_ISSOCK (input->mode))
    {
      fill_result (result, BK_TREE_SKIPPED, 0, NULL);
      return;
    }

  int errnum = bk_tree_object_open (object, input->dirfd, input->name, input->mode);
  if (errnum == 0)
    errnum = pack_object (packer, input, &has_changed);
  if (errnum == 0)
    {
      fill_result (result, has_changed ? BK_TREE_CHANGED : BK_TREE_STORED, 0, &object->st);
      return;
    }
  g_byte_array_set_size (packer->plain, before_bytes);
  fill_failure (result, errnum);
}

/* ---- large files ---- */

static int
describe_large (BkTreeLarge *large, BkTreePacker *packer, const BkTreeArchiveInput *input)
{
  int errnum = bk_tree_object_open (&large->object, input->dirfd, input->name, input->mode);

  if (errnum == 0)
    errnum = bk_tree_object_find_extents (&large->object);
  if (errnum != 0)
    return errnum;

  archive_entry_clear (packer->entry);
  errnum = bk_tree_object_describe (&large->object, input->dirfd, input->name, input->path,
                                    packer->entry);
  if (errnum != 0)
    return errnum;

  /* libarchive makes the header, and with the first data the map of a sparse file; the content
   * goes around it, for its data calls know one thread and one stream only. */
  struct archive *archive = new_archive (large->header, !has_ascii_names (input, &large->object));
  errnum = write_header (archive, large->header, &large->object, input, packer->entry);
  archive_write_data (archive, "", 0);
  free_archive (archive);
  return errnum;
}

/**
 * bk_tree_large_new:
 * @input: a regular file without hardlink_target
 * @result: (out): set when it cannot be archived
 *
 * Returns: (transfer full) (nullable): the file, open, with its header; %NULL with @result.
 */
BkTreeLarge *
bk_tree_large_new (BkTreePacker *packer,
                   const BkTreeArchiveInput *input,
                   BkTreeArchiveResult *result)
{
  BkTreeLarge *self = g_new0 (BkTreeLarge, 1);

  g_atomic_ref_count_init (&self->references);
  self->header = g_byte_array_new ();
  bk_tree_object_init (&self->object);

  int errnum = describe_large (self, packer, input);
  if (errnum != 0)
    {
      fill_failure (result, errnum);
      bk_tree_large_unref (self);
      return NULL;
    }
  for (guint i = 0; i < self->object.extents->len; i++)
    self->data_bytes += g_array_index (self->object.extents, BkTreeExtent, i).length_bytes;
  self->segments_count = (guint) MAX (1, self->data_bytes / BK_TREE_FRAME_BYTES);
  return self;
}

BkTreeLarge *
bk_tree_large_ref (BkTreeLarge *large)
{
  g_atomic_ref_count_inc (&large->references);
  return large;
}

void
bk_tree_large_unref (BkTreeLarge *large)
{
  if (!g_atomic_ref_count_dec (&large->references))
    return;
  bk_tree_object_clear (&large->object);
  g_byte_array_unref (large->header);
  g_free (large);
}

guint
bk_tree_large_count_segments (BkTreeLarge *large)
{
  return large->segments_count;
}

/**
 * bk_tree_large_get_result:
 * @result: (out): what became of the file; to be asked after its last segment
 *
 * A file whose reading failed in its middle is in the tar, as long as its header says, but counts
 * as unreadable: no manifest names it.
 */
void
bk_tree_large_get_result (BkTreeLarge *large, BkTreeArchiveResult *result)
{
  int errnum = g_atomic_int_get (&large->errnum);

  if (errnum != 0)
    fill_result (result, BK_TREE_UNREADABLE, errnum, NULL);
  else if (g_atomic_int_get (&large->is_short) || bk_tree_object_has_changed (&large->object))
    fill_result (result, BK_TREE_CHANGED, 0, &large->object.st);
  else
    fill_result (result, BK_TREE_STORED, 0, &large->object.st);
}

static guint64
segment_begin (const BkTreeLarge *large, guint segment)
{
  if (segment == 0)
    return 0;
  if (segment == large->segments_count)
    return large->data_bytes;
  return (guint64) segment * BK_TREE_FRAME_BYTES - CONTINUATION_BYTES;
}

/* Appends the bytes from begin to end of the file's data, its extents one after the other. */
static void
append_data (GByteArray *plain, BkTreeLarge *large, guint64 begin_bytes, guint64 end_bytes)
{
  guint64 at_bytes = 0; /* where the extent begins in the data */

  for (guint i = 0; i < large->object.extents->len && at_bytes < end_bytes; i++)
    {
      const BkTreeExtent *extent = &g_array_index (large->object.extents, BkTreeExtent, i);
      guint64 from = MAX (begin_bytes, at_bytes);
      guint64 to = MIN (end_bytes, at_bytes + extent->length_bytes);

      if (from < to)
        {
          guint before_bytes = plain->len;
          gboolean is_short = FALSE;

          g_byte_array_set_size (plain, before_bytes + (guint) (to - from));
          int errnum = read_extent (large->object.fd, extent->offset_bytes + (from - at_bytes),
                                    plain->data + before_bytes, (gsize) (to - from), &is_short);
          if (errnum != 0)
            g_atomic_int_compare_and_exchange (&large->errnum, 0, errnum);
          if (is_short)
            g_atomic_int_set (&large->is_short, TRUE);
        }
      at_bytes += extent->length_bytes;
    }
}

/**
 * bk_tree_packer_add_segment:
 * @segment: from 0 to bk_tree_large_count_segments() - 1; any thread, any order
 *
 * The first segment begins with the file's header, the last ends with its padding; each makes a
 * frame of its own.
 */
void
bk_tree_packer_add_segment (BkTreePacker *packer, BkTreeLarge *large, guint segment)
{
  GByteArray *plain = packer->plain;

  if (segment == 0)
    g_byte_array_append (plain, large->header->data, large->header->len);
  append_data (plain, large, segment_begin (large, segment), segment_begin (large, segment + 1));
  if (segment + 1 == large->segments_count)
    {
      guint before_bytes = plain->len, padding_bytes = (guint) (-large->data_bytes & 511);

      g_byte_array_set_size (plain, before_bytes + padding_bytes);
      memset (plain->data + before_bytes, 0, padding_bytes);
    }
}
