#include "ops/vm/restore-place.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

typedef struct
{
  const char *path; /* where it belongs */
  char *temporary;  /* the restored one, until it is there */
  char *kept;       /* what was there, until the restore has succeeded */
} Place;

static Place
place_at (const BkRestoreJournal *journal, guint index)
{
  const char *path = g_ptr_array_index (journal->paths, index);

  return (Place){ path, bk_restore_temporary_path (path, journal->tag),
                  bk_restore_kept_path (path, journal->tag) };
}

static void
place_clear (Place *place)
{
  g_free (place->temporary);
  g_free (place->kept);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static gboolean
is_there (const char *path)
{
  struct stat st;

  return lstat (path, &st) == 0;
}

/* Leaves errno as it is. */
static gboolean
is_same_file (const char *left, const char *right)
{
  int errnum = errno;
  struct stat a;
  struct stat b;
  gboolean same = lstat (left, &a) == 0 && lstat (right, &b) == 0 && a.st_dev == b.st_dev &&
                  a.st_ino == b.st_ino;

  errno = errnum;
  return same;
}

static gboolean
cannot_link (int errnum)
{
  return errnum == EPERM || errnum == EOPNOTSUPP || errnum == EMLINK;
}

static gboolean
rename_no_replace (const char *from, const char *to)
{
  return renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0;
}

/* As a second name where nothing is to be replaced, so that it can be told later that what has the
 * place is what was restored. */
static gboolean
place_one (const Place *place, gboolean overwrite)
{
  if (overwrite)
    return rename (place->temporary, place->path) == 0;
  if (link (place->temporary, place->path) == 0 || is_same_file (place->temporary, place->path))
    return TRUE;
  return cannot_link (errno) && rename_no_replace (place->temporary, place->path);
}

/**
 * bk_restore_place:
 *
 * Gives each file its name, in a directory or for a new VM. Without `overwrite` a file that appeared
 * there meanwhile is not replaced: bk_restore_take_back() then takes back what was placed.
 */
gboolean
bk_restore_place (const BkRestoreJournal *journal, GError **error)
{
  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      if (!is_there (place.temporary))
        continue;
      if (!place_one (&place, journal->overwrite))
        return bk_error_set_errno (error, errno, "“%s” cannot be put in its place", place.path);
      if (!bk_sync_directory_of (place.path, error))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_restore_take_back:
 *
 * Undoes bk_restore_place() as far as it can be told what was placed, and removes what is under the
 * temporary names.
 *
 * Returns: how many files keep their place: they replaced others.
 */
guint
bk_restore_take_back (const BkRestoreJournal *journal)
{
  guint left_count = 0;

  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      if (journal->state == BK_RESTORE_PLACING && !is_there (place.temporary) &&
          is_there (place.path))
        left_count++;
      else if (is_same_file (place.temporary, place.path))
        unlink (place.path);
      unlink (place.temporary);
    }
  return left_count;
}

/**
 * bk_restore_remove_temporary:
 *
 * After all have their place: their other names go. Before: all that was written goes.
 */
void
bk_restore_remove_temporary (const BkRestoreJournal *journal)
{
  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      unlink (place.temporary);
    }
}

/**
 * bk_restore_remove_kept:
 *
 * The restore has succeeded: what it replaced goes.
 */
void
bk_restore_remove_kept (const BkRestoreJournal *journal)
{
  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      unlink (place.kept);
    }
}

static gboolean
in_the_way (const Place *place, GError **error)
{
  bk_set_error (error, BK_ERROR_FAILED,
                "“%s” is another file than the one that the interrupted restore replaces; the one "
                "it replaces is “%s”, the restored one is “%s”: put one of them there by hand, and "
                "remove restore.json from the project",
                place->path, place->kept, place->temporary);
  return FALSE;
}

/* The VM cannot start any more: one of its disks is away. A disk that was lost has nothing to keep. */
static gboolean
close_gate (const Place *place, GError **error)
{
  if (is_there (place->kept) && is_there (place->path))
    return in_the_way (place, error);
  if (!is_there (place->kept) && rename (place->path, place->kept) < 0 && errno != ENOENT)
    return bk_error_set_errno (error, errno, "“%s” cannot be replaced", place->path);
  return bk_sync_directory_of (place->path, error);
}

static gboolean
swap_one (const Place *place, GError **error)
{
  if (!is_there (place->temporary))
    return TRUE;
  if (is_there (place->kept) && is_there (place->path) && !is_same_file (place->kept, place->path))
    return in_the_way (place, error);
  if (!is_there (place->kept) && link (place->path, place->kept) < 0 && errno != ENOENT &&
      (!cannot_link (errno) || rename (place->path, place->kept) < 0))
    return bk_error_set_errno (error, errno, "“%s” cannot be kept", place->path);
  if (rename (place->temporary, place->path) < 0)
    return bk_error_set_errno (error, errno, "“%s” cannot be replaced", place->path);
  return bk_sync_directory_of (place->path, error);
}

/* A VM of which nothing can be known may run. Memory that was saved since goes on from the disks as
 * they were. */
static gboolean
check_off (BkVmRun *run, GError **error)
{
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_uuid (run->hypervisor, run->vm->uuid, error);

  return vm != NULL && bk_vm_check_no_saved_memory (vm, error) && bk_vm_check_off (vm, error);
}

/* libvirt marks a VM that starts before QEMU opens a disk: one that is off while the gate is closed
 * has not opened any, and cannot. */
static gboolean
check_still_off (BkVmRun *run, GError **error)
{
  g_autoptr (BkVm) vm = bk_hypervisor_find_by_uuid (run->hypervisor, run->vm->uuid, error);

  if (vm == NULL || !bk_vm_check_no_saved_memory (vm, error))
    return FALSE;
  if (!bk_vm_is_active (vm))
    return TRUE;
  bk_set_error (error, BK_ERROR_BUSY,
                "The VM “%s” was started while its disks were about to be replaced: it keeps its "
                "own; shut it down and restore again",
                run->vm->name);
  return FALSE;
}

/* Whatever was done already, the one or the other has a name; where neither has, a file system is not
 * mounted, and nothing can be told. */
static gboolean
check_reachable (const BkRestoreJournal *journal, GError **error)
{
  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      if (is_there (place.temporary) || is_there (place.path))
        continue;
      bk_set_error (
          error, BK_ERROR_UNAVAILABLE,
          "The restore of “%s” was interrupted and cannot go on: neither “%s” nor “%s” is "
          "there; mount the file system that they are on, or, if they are lost, remove "
          "restore.json from the project",
          journal->backup_id, place.path, place.temporary);
      return FALSE;
    }
  return TRUE;
}

static gboolean
swap_is_complete (const BkRestoreJournal *journal)
{
  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      if (is_there (place.temporary) || !is_there (place.path))
        return FALSE;
    }
  return TRUE;
}

/**
 * bk_restore_swap:
 * @run: of the VM whose disks they are
 *
 * Puts restored disks in the place of a VM's own, which are kept beside. libvirt has no lock that holds
 * a VM off, so the first disk is the gate: it is taken away first, and the VM cannot start until the
 * last one has its place. A VM that was started before the gate closed has its own disks open, and gets
 * them back under their names by bk_restore_unswap(). It can be repeated where it was interrupted.
 *
 * Errors: %BK_ERROR_BUSY when the VM runs, or was started meanwhile; %BK_ERROR_UNAVAILABLE when the disks
 *   cannot be reached.
 */
gboolean
bk_restore_swap (const BkRestoreJournal *journal, BkVmRun *run, GError **error)
{
  g_auto (Place) gate = place_at (journal, 0);

  if (swap_is_complete (journal))
    return TRUE; /* and the VM may run, with all of them */
  if (!check_reachable (journal, error) || !check_off (run, error))
    return FALSE;
  if (is_there (gate.temporary) && (!close_gate (&gate, error) || !check_still_off (run, error)))
    return FALSE;
  for (guint i = 1; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      if (!swap_one (&place, error))
        return FALSE;
    }
  if (!is_there (gate.temporary))
    return TRUE;
  /* A disk whose startupPolicy is “optional” is no gate: libvirt starts the VM without it. */
  if (!check_still_off (run, error))
    return FALSE;
  if (!rename_no_replace (gate.temporary, gate.path))
    return bk_error_set_errno (error, errno, "“%s” cannot be replaced", gate.path);
  return bk_sync_directory_of (gate.path, error);
}

/**
 * bk_restore_swap_has_begun:
 *
 * Returns: whether the VM has anything but its own disks as they were.
 */
gboolean
bk_restore_swap_has_begun (const BkRestoreJournal *journal)
{
  for (guint i = 0; i < journal->paths->len; i++)
    {
      g_auto (Place) place = place_at (journal, i);

      if (!is_there (place.temporary) || !is_there (place.path))
        return TRUE;
    }
  return FALSE;
}

static gboolean
put_back (const Place *place)
{
  if (!is_there (place->kept))
    return TRUE;
  if (is_same_file (place->kept, place->path))
    return unlink (place->kept) == 0;
  if (!is_there (place->temporary) && rename (place->path, place->temporary) < 0)
    return FALSE;
  return rename_no_replace (place->kept, place->path);
}

/**
 * bk_restore_unswap:
 *
 * The VM's own disks have their places again, the one that keeps it from starting last; what was
 * restored is under the temporary names.
 *
 * Returns: how many could not be put back; they are under the names bk_restore_kept_path() gives.
 */
guint
bk_restore_unswap (const BkRestoreJournal *journal)
{
  guint failed_count = 0;

  for (guint i = journal->paths->len; i > 0; i--)
    {
      g_auto (Place) place = place_at (journal, i - 1);

      failed_count += put_back (&place) ? 0 : 1;
      bk_sync_directory_of (place.path, NULL);
    }
  return failed_count;
}
