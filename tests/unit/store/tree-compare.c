#include "tree-compare.h"

#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

typedef struct
{
  GHashTable *inodes; /* of the one, to that of the other */
  GString *path;
} Comparison;

static void
assert_holes_equal (int one, int other, off_t size_bytes)
{
  off_t at = 0;

  while (at < size_bytes)
    {
      off_t data = lseek (one, at, SEEK_DATA), other_data = lseek (other, at, SEEK_DATA);

      g_assert_cmpint (data, ==, other_data);
      if (data < 0)
        return;
      off_t hole = lseek (one, data, SEEK_HOLE);
      g_assert_cmpint (hole, ==, lseek (other, data, SEEK_HOLE));
      at = hole;
    }
}

static void
assert_files_equal (int one_dir, int other_dir, const char *name, off_t size_bytes)
{
  autofd int one = openat (one_dir, name, O_RDONLY | O_CLOEXEC);
  autofd int other = openat (other_dir, name, O_RDONLY | O_CLOEXEC);
  static char left[65536], right[65536];
  ssize_t n;

  g_assert_cmpint (one, >=, 0);
  g_assert_cmpint (other, >=, 0);
  assert_holes_equal (one, other, size_bytes);
  lseek (one, 0, SEEK_SET);
  lseek (other, 0, SEEK_SET);
  do
    {
      n = read (one, left, sizeof left);
      g_assert_cmpint (n, ==, read (other, right, sizeof right));
      g_assert_cmpint (memcmp (left, right, (gsize) n), ==, 0);
    }
  while (n > 0);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char *
attributes_of (int dirfd, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d/%s", dirfd, name);
  static char names[65536];
  ssize_t length = llistxattr (path, names, sizeof names);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  for (const char *one = names; length > 0 && one < names + length; one += strlen (one) + 1)
    {
      static guchar value[65536];
      ssize_t n = lgetxattr (path, one, value, sizeof value);
      g_autofree char *base64 = g_base64_encode (value, (gsize) MAX (n, 0));

      g_ptr_array_add (lines, g_strdup_printf ("%s=%s", one, base64));
    }
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv (" ", (char **) lines->pdata);
}

static char *
describe (int dirfd, const char *name, const struct stat *st, const char *path)
{
  char target[4096] = "";
  g_autofree char *attributes = attributes_of (dirfd, name);

  if (S_ISLNK (st->st_mode))
    g_assert_cmpint (readlinkat (dirfd, name, target, sizeof target - 1), >, 0);
  return g_strdup_printf (
      "%s mode %o owner %u:%u size %ld mtime %ld.%09ld rdev %lx links %lu → %s "
      "[%s]",
      path, st->st_mode, st->st_uid, st->st_gid, S_ISDIR (st->st_mode) ? 0L : (long) st->st_size,
      (long) st->st_mtim.tv_sec, (long) st->st_mtim.tv_nsec, (unsigned long) st->st_rdev,
      S_ISDIR (st->st_mode) ? 0UL : (unsigned long) st->st_nlink, target, attributes);
}

static void
assert_same_inode (Comparison *comparison, const struct stat *one, const struct stat *other)
{
  g_autofree char *key = g_strdup_printf ("%lu", (unsigned long) one->st_ino);
  g_autofree char *value = g_strdup_printf ("%lu", (unsigned long) other->st_ino);
  const char *known = g_hash_table_lookup (comparison->inodes, key);

  if (known != NULL)
    g_assert_cmpstr (known, ==, value);
  else
    g_hash_table_insert (comparison->inodes, g_steal_pointer (&key), g_steal_pointer (&value));
}

static void
compare_directories (Comparison *comparison, int one, int other)
{
  g_autoptr (GPtrArray) names = bk_list_directory (one, NULL);
  g_autoptr (GPtrArray) other_names = bk_list_directory (other, NULL);
  gsize length = comparison->path->len;

  g_assert_nonnull (names);
  g_assert_nonnull (other_names);
  for (guint i = 0; i < MIN (names->len, other_names->len); i++)
    {
      const char *name = g_ptr_array_index (names, i);
      struct stat st, other_st;

      g_assert_cmpstr (name, ==, g_ptr_array_index (other_names, i));
      g_string_append_printf (comparison->path, "/%s", name);
      g_assert_cmpint (fstatat (one, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
      g_assert_cmpint (fstatat (other, name, &other_st, AT_SYMLINK_NOFOLLOW), ==, 0);
      g_autofree char *text = describe (one, name, &st, comparison->path->str);
      g_autofree char *other_text = describe (other, name, &other_st, comparison->path->str);
      g_assert_cmpstr (text, ==, other_text);
      assert_same_inode (comparison, &st, &other_st);
      if (S_ISREG (st.st_mode))
        assert_files_equal (one, other, name, st.st_size);
      if (S_ISDIR (st.st_mode))
        {
          autofd int child = openat (one, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
          autofd int other_child = openat (other, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

          compare_directories (comparison, child, other_child);
        }
      g_string_truncate (comparison->path, length);
    }
  g_assert_cmpuint (names->len, ==, other_names->len);
}

void
assert_trees_equal (const char *one, const char *other)
{
  Comparison comparison = {
    .inodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
    .path = g_string_new (NULL),
  };
  autofd int one_fd = bk_open_directory (one, NULL);
  autofd int other_fd = bk_open_directory (other, NULL);

  g_assert_cmpint (one_fd, >=, 0);
  g_assert_cmpint (other_fd, >=, 0);
  compare_directories (&comparison, one_fd, other_fd);
  g_hash_table_unref (comparison.inodes);
  g_string_free (comparison.path, TRUE);
}
