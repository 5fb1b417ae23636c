/* What small and large members have in common: the header, and what is said of them afterwards. */
#include "store/tree/pack-private.h"

#include "base/timestamp.h"
#include "store/tree/pax.h"

#include <errno.h>
#include <string.h>

/* libarchive 3.6 gives a sparse file's real name only if it fits into an old tar header. */
#define SHORT_NAME_BYTES 99

static la_ssize_t
on_write (struct archive *archive, void *user_data, const void *data, size_t length_bytes)
{
  g_byte_array_append (user_data, data, (guint) length_bytes);
  return (la_ssize_t) length_bytes;
}

/**
 * bk_tree_pack_archive_new:
 * @sink: gets the tar; has to outlive the archive
 * @is_binary: each member says that its names are bytes and not UTF-8. GNU tar takes them so anyway,
 *   but warns that it does not know the keyword
 *
 * Returns: (transfer full): for bk_tree_pack_archive_free().
 */
struct archive *
bk_tree_pack_archive_new (GByteArray *sink, gboolean is_binary)
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

void
bk_tree_pack_archive_free (struct archive *archive)
{
  archive_write_fail (archive); /* else it would write the end of the tar */
  archive_write_free (archive);
}

static gboolean
is_ascii (const char *text)
{
  return text == NULL || g_str_is_ascii (text);
}

/**
 * bk_tree_pack_has_ascii_names:
 *
 * Returns: whether all its names can stand in a plain tar header.
 */
gboolean
bk_tree_pack_has_ascii_names (const BkTreeArchiveInput *input, const BkTreeObject *object)
{
  return is_ascii (input->path) && is_ascii (input->hardlink_target) &&
         is_ascii (object->symlink_target);
}

/**
 * bk_tree_pack_write_header:
 * @sink: what @archive writes into
 *
 * Returns: 0 or an errno.
 */
int
bk_tree_pack_write_header (struct archive *archive,
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

/**
 * bk_tree_pack_set_result:
 * @st: (nullable): as the member was archived
 */
void
bk_tree_pack_set_result (BkTreeArchiveResult *result,
                         BkTreeOutcome outcome,
                         int errnum,
                         const struct stat *st)
{
  *result = (BkTreeArchiveResult){ .outcome = outcome, .errnum = errnum };
  if (st == NULL)
    return;
  result->mode = st->st_mode;
  result->size_bytes = (guint64) st->st_size;
  result->mtime_nsecs = bk_time_nsecs (st->st_mtim.tv_sec, (guint32) st->st_mtim.tv_nsec);
  result->ctime_nsecs = bk_time_nsecs (st->st_ctim.tv_sec, (guint32) st->st_ctim.tv_nsec);
}

/**
 * bk_tree_pack_set_failure:
 * @errnum: why it is not in the archive; what is gone is no fault
 */
void
bk_tree_pack_set_failure (BkTreeArchiveResult *result, int errnum)
{
  gboolean gone = errnum == ENOENT || errnum == ESTALE;

  bk_tree_pack_set_result (result, gone ? BK_TREE_VANISHED : BK_TREE_UNREADABLE, errnum, NULL);
}
