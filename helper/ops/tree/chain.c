#include "ops/tree/chain.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "model/tree-entry.h"
#include "store/repository/catalogue.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define MANIFEST_SUFFIX ".manifest.nbkm"

static int
compare_generations (gconstpointer a, gconstpointer b)
{
  return bk_generation_name_compare (*(const char *const *) a, *(const char *const *) b);
}

/* The names of the generations in the project's directory, oldest first. */
static GPtrArray *
list_generations (int project_fd, GError **error)
{
  g_autoptr (GPtrArray) names = bk_list_directory (project_fd, error);
  g_autoptr (GPtrArray) generations = g_ptr_array_new_with_free_func (g_free);

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (bk_generation_name_is_valid (name))
        g_ptr_array_add (generations, g_strdup (name));
    }
  g_ptr_array_sort (generations, compare_generations);
  return g_steal_pointer (&generations);
}

/**
 * bk_tree_backup_generation:
 *
 * Returns: (transfer none): the name of the generation that @backup, which the catalogue gave, is
 *   in.
 */
const char *
bk_tree_backup_generation (const BkBackup *backup)
{
  const char *slash = strrchr (backup->directory, '/');

  return slash == NULL ? backup->directory : slash + 1;
}

/**
 * bk_tree_backup_file:
 * @manifest: its manifest, or else its archive
 *
 * Returns: (transfer none) (nullable)
 */
const BkBackupFile *
bk_tree_backup_file (const BkBackup *backup, gboolean manifest)
{
  for (guint i = 0; i < backup->files->len; i++)
    {
      const BkBackupFile *file = g_ptr_array_index (backup->files, i);

      if (g_str_has_suffix (file->path, MANIFEST_SUFFIX) == manifest)
        return file;
    }
  return NULL;
}

static gboolean
is_there (int dirfd, const BkBackupFile *file)
{
  struct stat st;

  return file != NULL && fstatat (dirfd, file->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISREG (st.st_mode) && (guint64) st.st_size == file->size_bytes;
}

static gboolean
get_int (const BkBackup *backup, const char *name, gint64 *value)
{
  JsonNode *node = backup->extra == NULL ? NULL : json_object_get_member (backup->extra, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) ||
      json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return TRUE;
}

static guint64
sequence_of (const BkBackup *backup)
{
  gint64 value;

  if (!get_int (backup, "sequence", &value) || value < 0 || value > BK_TREE_ORIGIN_MAX)
    return G_MAXUINT64;
  return (guint64) value;
}

/**
 * bk_tree_backup_started:
 * @backup: (nullable)
 *
 * Returns: when its scan began, by the clock as it was then; 0 if there is none.
 */
gint64
bk_tree_backup_started (const BkBackup *backup)
{
  gint64 nsec;

  if (backup == NULL)
    return 0;
  return get_int (backup, "scan_started_nsec", &nsec) ? nsec / 1000 : backup->created_usecs;
}

/* Every backup of the generation must be there, from the full on without a gap, with its archive:
 * the newest manifest may name any of them. Whether a manifest is good shows when it is read. */
static BkChainState
check_generation (BkTreeChain *chain, int dirfd, const char *name)
{
  const BkBackup *by_sequence[BK_TREE_ORIGIN_MAX + 1] = { NULL };
  gboolean archives_are_there = TRUE;
  guint count = 0;

  for (guint i = 0; i < chain->backups->len; i++)
    {
      const BkBackup *backup = g_ptr_array_index (chain->backups, i);
      guint64 sequence;

      if (backup->status != BK_BACKUP_COMPLETED ||
          strcmp (bk_tree_backup_generation (backup), name) != 0)
        continue;
      sequence = sequence_of (backup);
      if (sequence > BK_TREE_ORIGIN_MAX)
        archives_are_there = FALSE;
      else if (by_sequence[sequence] == NULL)
        {
          by_sequence[sequence] = backup;
          count++;
          if (chain->last == NULL || sequence >= chain->last_sequence)
            {
              chain->last = backup;
              chain->last_sequence = (guint) sequence;
            }
          if (!is_there (dirfd, bk_tree_backup_file (backup, FALSE)))
            archives_are_there = FALSE;
        }
    }
  chain->full = by_sequence[0];
  if (chain->full == NULL || count != chain->last_sequence + 1 || !archives_are_there)
    return BK_CHAIN_ARCHIVE_MISSING;

  const BkBackupFile *manifest = bk_tree_backup_file (chain->last, TRUE);
  struct stat st;
  if (manifest == NULL || fstatat (dirfd, manifest->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return BK_CHAIN_MANIFEST_MISSING;
  return is_there (dirfd, manifest) ? BK_CHAIN_GOOD : BK_CHAIN_MANIFEST_BROKEN;
}

/**
 * bk_tree_chain_observe:
 * @project_fd: the project's directory, locked
 *
 * Returns: (transfer full) (nullable): what is there.
 */
BkTreeChain *
bk_tree_chain_observe (BkRepository *repository,
                       int project_fd,
                       const char *project_id,
                       GError **error)
{
  g_autoptr (BkTreeChain) chain = g_new0 (BkTreeChain, 1);

  chain->backups = bk_catalogue_list (repository, project_id, NULL, NULL, NULL, error);
  if (chain->backups == NULL)
    return NULL;
  chain->generations = list_generations (project_fd, error);
  if (chain->generations == NULL)
    return NULL;
  if (chain->generations->len == 0)
    return g_steal_pointer (&chain);

  const char *newest = g_ptr_array_index (chain->generations, chain->generations->len - 1);
  autofd int dirfd = bk_open_directory_at (project_fd, newest, error);
  if (dirfd < 0)
    return NULL;
  chain->state = check_generation (chain, dirfd, newest);
  return g_steal_pointer (&chain);
}

void
bk_tree_chain_free (BkTreeChain *chain)
{
  g_clear_pointer (&chain->backups, g_ptr_array_unref);
  g_clear_pointer (&chain->generations, g_ptr_array_unref);
  g_free (chain);
}

static gboolean
is_pinned (const BkBackup *backup)
{
  return backup->type == BK_BACKUP_CHECKPOINT ||
         (backup->extra != NULL &&
          json_object_get_boolean_member_with_default (backup->extra, "protected", FALSE));
}

/**
 * bk_tree_chain_list_generations:
 *
 * Returns: (transfer full) (element-type BkGeneration): as the rotation wants to know them; the
 *   names are borrowed from @chain.
 */
GArray *
bk_tree_chain_list_generations (const BkTreeChain *chain)
{
  GArray *generations = g_array_new (FALSE, TRUE, sizeof (BkGeneration));

  for (guint i = 0; i < chain->generations->len; i++)
    {
      BkGeneration generation = { .name = g_ptr_array_index (chain->generations, i) };

      for (guint j = 0; j < chain->backups->len; j++)
        {
          const BkBackup *backup = g_ptr_array_index (chain->backups, j);

          if (strcmp (bk_tree_backup_generation (backup), generation.name) != 0)
            continue;
          if (backup->status == BK_BACKUP_COMPLETED && sequence_of (backup) == 0)
            generation.is_complete = TRUE;
          if (is_pinned (backup))
            generation.is_pinned = TRUE;
        }
      g_array_append_val (generations, generation);
    }
  return generations;
}
