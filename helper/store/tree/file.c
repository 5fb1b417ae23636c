#include "store/tree/file.h"

#include "base/error.h"

#include <sys/stat.h>

#define BK_TYPE_TREE_FILE (bk_tree_file_get_type ())
G_DECLARE_FINAL_TYPE (BkTreeFile, bk_tree_file, BK, TREE_FILE, GInputStream)

struct _BkTreeFile
{
  GInputStream parent;

  BkTreeArchiveReader *reader;
  GInputStream *content;
};

G_DEFINE_FINAL_TYPE (BkTreeFile, bk_tree_file, G_TYPE_INPUT_STREAM)

static gssize
file_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return g_input_stream_read (BK_TREE_FILE (stream)->content, buffer, count, cancellable, error);
}

static void
bk_tree_file_finalize (GObject *object)
{
  BkTreeFile *self = BK_TREE_FILE (object);

  g_clear_object (&self->content);
  g_clear_pointer (&self->reader, bk_tree_archive_reader_free);
  G_OBJECT_CLASS (bk_tree_file_parent_class)->finalize (object);
}

static void
bk_tree_file_class_init (BkTreeFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bk_tree_file_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = file_read;
}

static void
bk_tree_file_init (BkTreeFile *self)
{
}

static gboolean
set_no_file (GError **error, const char *path)
{
  g_autofree char *line = bk_error_one_line (path);

  bk_set_error (error, BK_ERROR_INTEGRITY, "“%s” is no file in its archive, as the manifest says",
                line);
  return FALSE;
}

/* The member that holds the content of @path: itself, or what it is a hard link to, in this archive
 * or in the newest before it that has it. Links lead to a path before their own or to an earlier
 * archive, so this comes to an end. */
static BkTreeArchiveReader *
find_content (BkTreePoint *point,
              const char *path,
              guint8 origin,
              gboolean is_link_target,
              const BkTreeArchiveMember **member,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (BkTreeArchiveReader) reader = bk_tree_point_read_archive (point, origin, error);
  g_autoptr (GError) problem = NULL;

  if (reader == NULL)
    return NULL;
  if (!bk_tree_archive_reader_find (reader, path, member, cancellable, &problem))
    {
      if (is_link_target && origin > 0 && g_error_matches (problem, BK_ERROR, BK_ERROR_NOT_FOUND))
        return find_content (point, path, origin - 1, TRUE, member, cancellable, error);
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  if ((*member)->hardlink_target != NULL)
    {
      g_autofree char *target = g_strdup ((*member)->hardlink_target);

      if (bk_tree_path_compare (target, path) < 0)
        return find_content (point, target, origin, TRUE, member, cancellable, error);
      set_no_file (error, path);
      return NULL;
    }
  if (!S_ISREG ((*member)->mode))
    {
      set_no_file (error, path);
      return NULL;
    }
  return g_steal_pointer (&reader);
}

/**
 * bk_tree_file_open:
 * @path: as the point's manifest has it, a regular file
 * @origin: the archive that the manifest names for it
 * @size_bytes: (out): how long the content is
 *
 * Every piece is proved by the checksum of its frame before it is handed out.
 *
 * Errors: %BK_ERROR_INTEGRITY when the archive is missing, broken, or does not have the file.
 *
 * Returns: (transfer full) (nullable): its content.
 */
GInputStream *
bk_tree_file_open (BkTreePoint *point,
                   const char *path,
                   guint8 origin,
                   guint64 *size_bytes,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GError) problem = NULL;
  const BkTreeArchiveMember *member = NULL;
  BkTreeArchiveReader *reader =
      find_content (point, path, origin, FALSE, &member, cancellable, &problem);

  if (reader == NULL)
    {
      /* The manifest has it, so it is damage, not a question for something that never was. */
      if (g_error_matches (problem, BK_ERROR, BK_ERROR_NOT_FOUND))
        problem->code = BK_ERROR_INTEGRITY;
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }

  BkTreeFile *self = g_object_new (BK_TYPE_TREE_FILE, NULL);
  self->reader = reader;
  self->content = bk_tree_archive_reader_open_content (reader, member);
  *size_bytes = member->size_bytes;
  return G_INPUT_STREAM (self);
}
