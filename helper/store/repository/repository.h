#pragma once

#include "base/lock.h"
#include "model/project.h"

#include <gio/gio.h>

/*
 * The repository on disk, held by a directory handle: whatever happens to the path's names while
 * a run goes on, it reads, writes and removes in the one directory it opened.
 */

/* In each project's directory; held by the run that changes the project. */
#define BK_PROJECT_LOCK_NAME ".lock"

/* In the project's directory of a tree whose storage has a directory of its own: its path. */
#define BK_LOCATION_NAME ".location"
#define BK_LOCATION_MAX_BYTES 4096

/* QEMU writes into the repository as another user: it must be able to pass, not to list. */
#define BK_REPOSITORY_DIRECTORY_MODE 0711

#define BK_TYPE_REPOSITORY (bk_repository_get_type ())
G_DECLARE_FINAL_TYPE (BkRepository, bk_repository, BK, REPOSITORY, GObject)

BkRepository *bk_repository_open (const char *path, GError **error);
BkRepository *bk_repository_open_or_create (const char *path, GError **error);
const char *bk_repository_path (BkRepository *repository);
int bk_repository_fd (BkRepository *repository);

int bk_repository_open_project (BkRepository *repository, const char *project_id, GError **error);
int bk_repository_open_directory (BkRepository *repository, const char *path, GError **error);
gboolean bk_repository_set_location (BkRepository *repository,
                                     const char *project_id,
                                     const char *path,
                                     GError **error);
int bk_repository_make_project (BkRepository *repository, const char *project_id, GError **error);
BkLock *bk_repository_lock_project (BkRepository *repository,
                                    const char *project_id,
                                    const char *job_id,
                                    GError **error);
gboolean bk_repository_project_is_locked (BkRepository *repository, const char *project_id);
GPtrArray *bk_repository_list_projects (BkRepository *repository, GError **error);
gboolean bk_repository_free_bytes (BkRepository *repository, guint64 *free_bytes, GError **error);
