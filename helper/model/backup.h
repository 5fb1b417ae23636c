#pragma once

#include <json-glib/json-glib.h>

/*
 * One restorable point of a project: what its metadata.json says. A value: made by a builder,
 * never changed after.
 */

/* Of what a person pins a backup under. */
#define BK_LABEL_MAX_BYTES 200

typedef enum
{
  BK_BACKUP_FULL,
  BK_BACKUP_INCREMENTAL,
  BK_BACKUP_SNAPSHOT,   /* a standalone copy */
  BK_BACKUP_CHECKPOINT, /* a point a person pinned with a label */
} BkBackupType;

typedef enum
{
  BK_BACKUP_PENDING,
  BK_BACKUP_RUNNING,
  BK_BACKUP_COMPLETED,
  BK_BACKUP_FAILED,
  BK_BACKUP_VALIDATING, /* these two are reported while a live job does so, */
  BK_BACKUP_RESTORING,  /* and never stored */
} BkBackupStatus;

typedef struct
{
  char *path; /* relative to the backup's directory */
  guint64 size_bytes;
  char *sha256;
} BkBackupFile;

typedef struct
{
  char *id;         /* the name of its directory or archive */
  char *project_id; /* vm/web1 */
  char *directory;  /* (nullable) where its files lie, relative to the repository; not stored */
  BkBackupType type;
  BkBackupStatus status;
  gint64 created_usecs;
  gint64 completed_usecs; /* 0 until it is completed or has failed */
  guint64 size_bytes;
  char *checksum; /* (nullable) covers files, see bk_backup_files_checksum() */
  char *parent_backup_id;
  char *error_message;
  char **tags;
  GPtrArray *files; /* of BkBackupFile, sorted by path */
  guint64 files_count;
  JsonObject *extra; /* (nullable) what else its type records; `files` is not repeated in it */
} BkBackup;

BkBackup *bk_backup_new (const char *id, const char *project_id, BkBackupType type);
BkBackup *bk_backup_copy (const BkBackup *backup);
void bk_backup_free (BkBackup *backup);
void
bk_backup_add_file (BkBackup *backup, const char *path, guint64 size_bytes, const char *sha256);
const BkBackupFile *bk_backup_find_file (const BkBackup *backup, const char *path);
char *bk_backup_files_checksum (const BkBackup *backup);
char *bk_backup_full_id (const BkBackup *backup);

const char *bk_backup_type_to_string (BkBackupType type);
gboolean bk_backup_type_from_string (const char *text, BkBackupType *type);
const char *bk_backup_status_to_string (BkBackupStatus status);
gboolean bk_backup_status_from_string (const char *text, BkBackupStatus *status);

gboolean bk_backup_label_check (const char *label, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkBackup, bk_backup_free)
