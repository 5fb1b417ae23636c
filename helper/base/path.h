#pragma once

#include <gio/gio.h>

/*
 * Reaching into the repository: always from a directory handle, one checked name at a time, never
 * through a symbolic link. A path that came from outside (a manifest, a frame, an archive) is
 * never put together and opened.
 */

/* Bytes in one name of a project or a backup; leaves room for suffixes below the kernel's 255. */
#define BK_NAME_MAX_BYTES 200

/* Of a directory that others may pass through, and see nothing of. */
#define BK_PASSABLE_MODE 0711

gboolean bk_name_is_safe (const char *name);
gboolean bk_path_is_safe_relative (const char *path);

gboolean bk_make_directories (const char *path, guint mode);
int bk_open_directory (const char *path, GError **error);
int bk_open_directory_at (int dirfd, const char *relative_path, GError **error);
int bk_open_listed_directory (int dirfd, const char *name, GError **error);
int bk_make_directory_at (int dirfd, const char *relative_path, guint mode, GError **error);
int bk_open_file_at (int dirfd, const char *relative_path, GError **error);

gboolean bk_remove_tree_at (int dirfd, const char *name, GError **error);
gboolean bk_sync_directory (int dirfd, const char *what, GError **error);
gboolean bk_sync_directory_of (const char *path, GError **error);
char *bk_fd_dup_path (int fd);
GPtrArray *bk_list_directory (int dirfd, GError **error);
