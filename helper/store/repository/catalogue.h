#pragma once

#include "model/backup.h"
#include "store/repository/repository.h"

/*
 * The catalogue is what a scan of the repository finds, never a second record: each backup's own
 * metadata.json says what it is.
 *
 * | project    | metadata                                       | a backup's files lie in |
 * | vm/<vm>    | <id>/metadata.json                             | <id>/                   |
 * | tree/…     | gen-<date>/<id>.metadata.json                  | gen-<date>/             |
 * | event-log/…| <id>.metadata.json                             | the project's directory |
 */

typedef void (*BkCatalogueProblemFunc) (const char *where, const GError *error, gpointer user_data);

GPtrArray *bk_catalogue_list (BkRepository *repository,
                              const char *project_id,
                              BkCatalogueProblemFunc problem_func,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error);
BkBackup *bk_catalogue_newest_completed (BkRepository *repository, const char *project_id);
BkBackup *bk_catalogue_find (BkRepository *repository, const char *full_id, GError **error);
int bk_catalogue_open_files (BkRepository *repository, const BkBackup *backup, GError **error);
