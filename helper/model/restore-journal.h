#pragma once

#include <glib.h>

/*
 * What a restore that is under way has put down about itself, so that the project's next run can
 * finish it or undo it. The value is what restore.json records while it lasts.
 */

typedef enum
{
  BK_RESTORE_TO_DIRECTORY, /* the images and the definition, for a person to use */
  BK_RESTORE_AS_NEW,       /* another VM beside the old one */
  BK_RESTORE_IN_PLACE,     /* the VM's own disks, swapped */
} BkRestoreMode;

typedef enum
{
  BK_RESTORE_WRITING, /* everything has a temporary name: thrown away when it is interrupted */
  BK_RESTORE_PLACING, /* all of it is complete and durable, and takes its place */
} BkRestoreState;

typedef struct
{
  BkRestoreMode mode;
  BkRestoreState state;
  char *backup_id;
  char *vm;           /* what it is restored as */
  char *uuid;         /* (nullable) that VM's; NULL for a directory */
  char *tag;          /* what its temporary names end with */
  gboolean overwrite; /* what is in the way may be replaced */
  GPtrArray *paths;   /* of char *, absolute: where its files belong */
} BkRestoreJournal;

BkRestoreJournal *
bk_restore_journal_new (BkRestoreMode mode, const char *backup_id, const char *vm, const char *tag);
void bk_restore_journal_free (BkRestoreJournal *journal);

const char *bk_restore_mode_to_string (BkRestoreMode mode);
gboolean bk_restore_mode_from_string (const char *text, BkRestoreMode *mode);
const char *bk_restore_state_to_string (BkRestoreState state);
gboolean bk_restore_state_from_string (const char *text, BkRestoreState *state);

gboolean bk_restore_tag_is_valid (const char *tag);
char *bk_restore_temporary_path (const char *path, const char *tag);
char *bk_restore_kept_path (const char *path, const char *tag);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BkRestoreJournal, bk_restore_journal_free)
