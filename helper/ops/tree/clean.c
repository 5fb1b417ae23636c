#include "ops/tree/clean.h"

#include "base/atomic-file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/timestamp.h"
#include "format/nbkm.h"
#include "store/repository/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What a backup consists of, behind its id. */
static const char *const suffixes[] = { ".full.tar.zst", ".incr.tar.zst",  ".full.tar.gz",
                                        ".incr.tar.gz",  ".manifest.nbkm", NULL };

#define METADATA_SUFFIX ".metadata.json"

/* The id of the backup that @name is a part of; %NULL for what is none of ours. */
static char *
id_of (const char *name)
{
  for (guint i = 0; suffixes[i] != NULL; i++)
    {
      if (!g_str_has_suffix (name, suffixes[i]))
        continue;

      g_autofree char *id = g_strndup (name, strlen (name) - strlen (suffixes[i]));
      return bk_time_from_dashed (id) != BK_TIME_INVALID ? g_steal_pointer (&id) : NULL;
    }
  return NULL;
}

/* An archive or a manifest counts once a metadata file names it; one without was interrupted. */
static gboolean
clean_generation (int project_fd, const char *generation, GError **error)
{
  autofd int fd = bk_open_directory_at (project_fd, generation, error);
  g_autoptr (GPtrArray) names = fd < 0 ? NULL : bk_list_directory (fd, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      gboolean is_leftover = g_str_has_prefix (name, BK_TEMPORARY_PREFIX);
      g_autofree char *id = is_leftover ? NULL : id_of (name);

      if (id != NULL)
        {
          g_autofree char *metadata = g_strconcat (id, METADATA_SUFFIX, NULL);
          struct stat st;

          is_leftover = fstatat (fd, metadata, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
        }
      if (is_leftover && !bk_remove_tree_at (fd, name, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_tree_remove_leftovers:
 * @project_fd: the project's directory, locked by the caller
 *
 * Removes what an interrupted run left: what has a temporary name, and archives and manifests
 * that no metadata names. Nothing else, whatever it is.
 */
gboolean
bk_tree_remove_leftovers (int project_fd, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (project_fd, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (g_str_has_prefix (name, BK_TEMPORARY_PREFIX) &&
          !bk_remove_tree_at (project_fd, name, error))
        return FALSE;
      if (bk_generation_name_is_valid (name) && !clean_generation (project_fd, name, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_tree_remove_generation:
 *
 * It is gone as a whole at once, by its name; its files follow. A run that is killed in between
 * leaves a temporary name, which the next one removes.
 */
gboolean
bk_tree_remove_generation (int project_fd, const char *name, GError **error)
{
  g_autofree char *temporary = g_strconcat (BK_TEMPORARY_PREFIX, name, NULL);

  if (!bk_remove_tree_at (project_fd, temporary, error))
    return FALSE;
  if (renameat2 (project_fd, name, project_fd, temporary, RENAME_NOREPLACE) < 0)
    return errno == ENOENT || bk_error_set_errno (error, errno, "“%s” cannot be removed", name);
  return bk_sync_directory (project_fd, name, error) &&
         bk_remove_tree_at (project_fd, temporary, error);
}

static gboolean
verify_file (int dirfd, const BkBackupFile *file, GCancellable *cancellable, GError **error)
{
  autofd int fd = bk_open_file_at (dirfd, file->path, error);
  guint64 size_bytes;

  if (fd < 0)
    return FALSE;
  /* From the disk, not from the memory it was written out of. */
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  g_autofree char *sha256 =
      bk_sha256_of_fd (fd, file->path, &size_bytes, NULL, NULL, cancellable, error);
  if (sha256 == NULL)
    return FALSE;
  if (size_bytes == file->size_bytes && strcmp (sha256, file->sha256) == 0)
    return TRUE;
  bk_set_error (error, BK_ERROR_INTEGRITY,
                "“%s” does not read back as it was written; look after the disk", file->path);
  return FALSE;
}

static gboolean
verify_manifest (int dirfd, const char *name, GError **error)
{
  autofd int fd = bk_open_file_at (dirfd, name, error);
  g_autoptr (BkNbkmReader) reader = fd < 0 ? NULL : bk_nbkm_reader_new (fd, name, error);
  const BkTreeEntry *entry = NULL;

  if (reader == NULL)
    return FALSE;
  do
    {
      if (!bk_nbkm_reader_next (reader, &entry, error))
        return FALSE;
    }
  while (entry != NULL);
  return TRUE;
}

/**
 * bk_tree_verify_backup:
 * @dirfd: of its generation
 *
 * Reads archive and manifest back from the disk and compares them with what was recorded.
 *
 * Errors: %BK_ERROR_INTEGRITY; of reading; cancellation.
 */
gboolean
bk_tree_verify_backup (int dirfd, const BkBackup *backup, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < backup->files->len; i++)
    {
      if (!verify_file (dirfd, g_ptr_array_index (backup->files, i), cancellable, error))
        return FALSE;
    }
  return verify_manifest (dirfd, bk_tree_backup_file (backup, TRUE)->path, error);
}

/**
 * bk_tree_rotate:
 * @max_count: how many generations to keep; 0 keeps all
 * @is_plan: only say which
 *
 * Returns: (transfer full) (nullable): the names of those that were, or would be, removed.
 */
GStrv
bk_tree_rotate (
    int project_fd, const BkTreeChain *chain, guint max_count, gboolean is_plan, GError **error)
{
  g_autoptr (GArray) generations = bk_tree_chain_list_generations (chain);
  g_autoptr (GStrvBuilder) removed = g_strv_builder_new ();
  guint count = bk_generation_count_to_rotate ((const BkGeneration *) (void *) generations->data,
                                               generations->len, max_count);

  for (guint i = 0; i < generations->len && count > 0; i++)
    {
      const BkGeneration *generation = &g_array_index (generations, BkGeneration, i);

      if (!bk_generation_may_rotate (generation))
        continue;
      if (!is_plan && !bk_tree_remove_generation (project_fd, generation->name, error))
        return NULL;
      g_strv_builder_add (removed, generation->name);
      count--;
    }
  return g_strv_builder_end (removed);
}
