#pragma once

#include "base/fd.h"
#include "base/path.h"

#include <glib.h>

/* An empty directory for one test, opened. */
static inline int
store_directory_new (char **path)
{
  g_autoptr (GError) error = NULL;

  *path = g_dir_make_tmp ("bk-store-XXXXXX", &error);
  g_assert_no_error (error);
  int fd = bk_open_directory (*path, &error);
  g_assert_no_error (error);
  return fd;
}

/* With what is in it. */
static inline void
store_directory_remove (int fd, const char *path)
{
  autofd int parent = bk_open_directory (g_get_tmp_dir (), NULL);
  g_autofree char *name = g_path_get_basename (path);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (bk_remove_tree_at (parent, name, NULL));
}
