#include "store/tree/cursor.h"

#include "base/error.h"
#include "model/tree-path.h"

/* Reading over so much costs about as much as a search: a dozen beginnings of frames. */
#define READ_OVER_BYTES (4 * 1024 * 1024)
#define MEMBER_HEADER_BYTES 1536

static gboolean
find (BkTreeCursor *cursor, const char *path, GCancellable *cancellable, GError **error)
{
  cursor->is_placed =
      bk_tree_archive_reader_find (cursor->reader, path, &cursor->member, cancellable, error);
  return cursor->is_placed;
}

/**
 * bk_tree_cursor_seek:
 * @path: after all those asked for before
 *
 * On success cursor->member is the member of @path, its content not yet read. After an error the
 * cursor can be used on.
 *
 * Errors: %BK_ERROR_NOT_FOUND when there is no such member; of reading.
 */
gboolean
bk_tree_cursor_seek (BkTreeCursor *cursor,
                     const char *path,
                     GCancellable *cancellable,
                     GError **error)
{
  gboolean can_seek = bk_tree_archive_reader_can_seek (cursor->reader);
  guint64 over_bytes = 0;

  if (!cursor->is_placed && can_seek)
    return find (cursor, path, cancellable, error);

  while (cursor->member == NULL || bk_tree_path_compare (cursor->member->path, path) < 0)
    {
      if (cursor->member != NULL)
        over_bytes += cursor->member->size_bytes + MEMBER_HEADER_BYTES;
      if (can_seek && over_bytes > READ_OVER_BYTES)
        return find (cursor, path, cancellable, error);

      cursor->is_placed =
          bk_tree_archive_reader_next (cursor->reader, &cursor->member, cancellable, error);
      if (!cursor->is_placed)
        {
          cursor->member = NULL;
          return FALSE;
        }
      if (cursor->member == NULL)
        break;
    }
  if (cursor->member != NULL && bk_tree_path_compare (cursor->member->path, path) == 0)
    return TRUE;

  g_autofree char *line = bk_error_one_line (path);
  bk_set_error (error, BK_ERROR_NOT_FOUND, "“%s” is not in its archive", line);
  if (cursor->member == NULL) /* at the end: begin anew for whatever is asked next */
    cursor->is_placed = FALSE;
  return FALSE;
}
