/* Restored files take their places: from every state that an interrupted restore can leave, and in
 * directories that others can write into. */
#include "ops/vm/restore-place.h"

#include "base/error.h"
#include "ops/vm/restore-files.h"
#include "unit/ops/vm-project.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG "0011223344556677"

/* Two disks; the first one is the gate. */
typedef struct
{
  VmProject project;
  BkRestoreJournal *journal;
  BkVmRun *run;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  vm_project_set_up (&fixture->project, data);
  fixture->project.hypervisor->vm->state = BK_VM_SHUTOFF;
  fixture->run =
      bk_vm_run_open (fixture->project.repository, BK_HYPERVISOR (fixture->project.hypervisor),
                      NULL, &fixture->project.request, NULL, &error);
  g_assert_no_error (error);
  fixture->journal =
      bk_restore_journal_new (BK_RESTORE_IN_PLACE, "web1-Base-20200101_000000", "web1", TAG);
  fixture->journal->state = BK_RESTORE_PLACING;
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (fixture->journal->paths,
                     g_strdup_printf ("%s/disk%u.qcow2", fixture->project.root, i));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bk_restore_journal_free (fixture->journal);
  bk_vm_run_free (fixture->run);
  vm_project_tear_down (&fixture->project, data);
}

/* 'p': its place, 't': the restored one's name until then, 'k': the replaced one's. */
static char *
name_of (Fixture *fixture, guint index, char which)
{
  const char *path = g_ptr_array_index (fixture->journal->paths, index);

  return which == 'p'   ? g_strdup (path)
         : which == 't' ? bk_restore_temporary_path (path, TAG)
                        : bk_restore_kept_path (path, TAG);
}

/* A word a disk, such as "p=own,t=new": what has which name. "k&p" is one file with both names. */
static void
make (Fixture *fixture, const char *state)
{
  g_auto (GStrv) disks = g_strsplit (state, " ", -1);

  for (guint i = 0; disks[i] != NULL; i++)
    {
      g_auto (GStrv) files = g_strsplit (disks[i], ",", -1);

      for (char **file = files; *file != NULL && **file != '-'; file++)
        {
          g_autofree char *name = name_of (fixture, i, **file);
          const char *content = strchr (*file, '=') + 1;

          g_assert_true (g_file_set_contents (name, content, -1, NULL));
          if ((*file)[1] != '&')
            continue;
          g_autofree char *second = name_of (fixture, i, (*file)[2]);
          g_assert_cmpint (link (name, second), ==, 0);
        }
    }
}

static char *
state_of (Fixture *fixture)
{
  g_autoptr (GString) state = g_string_new (NULL);

  for (guint i = 0; i < fixture->journal->paths->len; i++)
    {
      gsize before = state->len;

      for (const char *which = "ptk"; *which != '\0'; which++)
        {
          g_autofree char *name = name_of (fixture, i, *which);
          g_autofree char *content = NULL;

          if (g_file_get_contents (name, &content, NULL, NULL))
            g_string_append_printf (state, "%s%c=%s", state->len > before ? "," : "", *which,
                                    content);
        }
      g_string_append_c (state, ' ');
    }
  return g_strdup (g_strchomp (state->str));
}

static void
clear (Fixture *fixture)
{
  for (guint i = 0; i < fixture->journal->paths->len; i++)
    {
      for (const char *which = "ptk"; *which != '\0'; which++)
        {
          g_autofree char *name = name_of (fixture, i, *which);

          g_unlink (name);
        }
    }
}

/* Each state that a swap can be interrupted in. */
static const char *const interrupted[] = {
  "p=own,t=new p=own,t=new", "t=new,k=own p=own,t=new", "t=new,k=own k&p=own,t=new",
  "t=new,k=own t=new,k=own", "t=new,k=own p=new,k=own", "t=new t=new",
};

static void
test_swap (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (interrupted); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean is_lost = strstr (interrupted[i], "own") == NULL;

      make (fixture, interrupted[i]);
      bk_restore_swap (fixture->journal, fixture->run, &error);
      g_assert_no_error (error);
      g_autofree char *state = state_of (fixture);
      g_assert_cmpstr (state, ==, is_lost ? "p=new p=new" : "p=new,k=own p=new,k=own");
      g_assert_true (bk_restore_swap_has_begun (fixture->journal));
      bk_restore_remove_kept (fixture->journal);
      /* And again, by a run that died before it could say so. */
      g_assert_true (bk_restore_swap (fixture->journal, fixture->run, NULL));
      g_autofree char *end = state_of (fixture);
      g_assert_cmpstr (end, ==, "p=new p=new");
      clear (fixture);
    }
}

static void
test_unswap (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (interrupted) - 1; i++)
    {
      make (fixture, interrupted[i]);
      g_assert_cmpuint (bk_restore_unswap (fixture->journal), ==, 0);
      g_autofree char *state = state_of (fixture);
      g_assert_cmpstr (state, ==, "p=own,t=new p=own,t=new");
      g_assert_false (bk_restore_swap_has_begun (fixture->journal));
      clear (fixture);
    }
}

typedef struct
{
  const char *state;
  BkVmState vm;
  BkError code;
} Refused;

/* Nothing is changed then. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const Refused cases[] = {
    { "p=own,t=new p=own,t=new", BK_VM_RUNNING, BK_ERROR_BUSY },
    { "t=new,k=own p=own,t=new", BK_VM_PAUSED, BK_ERROR_BUSY },
    { "p=other,t=new,k=own p=own,t=new", BK_VM_SHUTOFF, BK_ERROR_FAILED },
    { "t=new,k=own p=other,t=new,k=own", BK_VM_SHUTOFF, BK_ERROR_FAILED },
    /* A file system that is not mounted. */
    { "- -", BK_VM_SHUTOFF, BK_ERROR_UNAVAILABLE },
    { "t=new,k=own -", BK_VM_SHUTOFF, BK_ERROR_UNAVAILABLE },
    { "- p=own,t=new", BK_VM_SHUTOFF, BK_ERROR_UNAVAILABLE },
    { "- p=new,k=own", BK_VM_SHUTOFF, BK_ERROR_UNAVAILABLE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      make (fixture, cases[i].state);
      g_autofree char *before = state_of (fixture);
      fixture->project.hypervisor->vm->state = cases[i].vm;
      g_assert_false (bk_restore_swap (fixture->journal, fixture->run, &error));
      g_assert_error (error, BK_ERROR, (int) cases[i].code);
      g_autofree char *after = state_of (fixture);
      g_assert_cmpstr (after, ==, before);
      clear (fixture);
    }
}

/* Somebody starts the VM while its disks are replaced: it has its own, and they get their names back. */
static void
test_started_meanwhile (Fixture *fixture, gconstpointer data)
{
  for (guint look = 1; look <= 3; look++)
    {
      g_autoptr (GError) error = NULL;

      make (fixture, interrupted[0]);
      fixture->project.hypervisor->vm->state = BK_VM_SHUTOFF;
      fixture->project.hypervisor->starts_at_look = look;
      g_assert_false (bk_restore_swap (fixture->journal, fixture->run, &error));
      g_assert_error (error, BK_ERROR, BK_ERROR_BUSY);
      g_assert_cmpuint (bk_restore_unswap (fixture->journal), ==, 0);
      g_autofree char *state = state_of (fixture);
      g_assert_cmpstr (state, ==, "p=own,t=new p=own,t=new");
      clear (fixture);
    }
}

static void
test_place (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *state;
    gboolean overwrite;
    const char *placed; /* (nullable): refused */
    const char *taken_back;
  } cases[] = {
    { "t=new t=new", FALSE, "p=new,t=new p=new,t=new", "" },
    { "t&p=new t=new", FALSE, "p=new,t=new p=new,t=new", "" },
    { "t=new p=other,t=new", FALSE, NULL, "p=other" },
    { "p=other,t=new t=new", TRUE, "p=new p=new", "p=new p=new" },
  };

  fixture->journal->mode = BK_RESTORE_AS_NEW;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      make (fixture, cases[i].state);
      fixture->journal->overwrite = cases[i].overwrite;
      g_assert_cmpint (bk_restore_place (fixture->journal, &error), ==, cases[i].placed != NULL);
      g_autofree char *placed = state_of (fixture);
      if (cases[i].placed != NULL)
        g_assert_cmpstr (placed, ==, cases[i].placed);
      else
        g_assert_nonnull (error);
      g_assert_cmpuint (bk_restore_take_back (fixture->journal), ==, cases[i].overwrite ? 2 : 0);
      g_autofree char *taken_back = state_of (fixture);
      g_assert_cmpstr (g_strstrip (taken_back), ==, cases[i].taken_back);
      clear (fixture);
    }
}

static guint
mode_of (const char *path)
{
  struct stat st;

  g_assert_cmpint (lstat (path, &st), ==, 0);
  return st.st_mode & 07777;
}

/* @what: what somebody who may write into the directory has put there instead of what was restored */
static void
test_owners (Fixture *fixture, gconstpointer data)
{
  const char *what = data;
  g_autoptr (GPtrArray) files = bk_restore_files_new ();
  g_autofree char *place = name_of (fixture, 0, 'p');
  g_autofree char *temporary = name_of (fixture, 0, 't');
  g_autofree char *victim = g_build_filename (fixture->project.root, "victim", NULL);
  g_autoptr (GError) error = NULL;

  make (fixture, "p=own,t=new -");
  g_assert_cmpint (chmod (place, 0666), ==, 0);
  g_assert_true (
      g_file_set_contents_full (victim, "secret", -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  bk_restore_files_add (files, "vda", place, "qcow2");
  bk_restore_files_set_tag (files, TAG);
  if (strcmp (what, "file") != 0)
    g_unlink (temporary);
  if (strcmp (what, "symlink") == 0)
    g_assert_cmpint (symlink (victim, temporary), ==, 0);
  if (strcmp (what, "hard-link") == 0)
    g_assert_cmpint (link (victim, temporary), ==, 0);
  if (strcmp (what, "pipe") == 0)
    g_assert_cmpint (mkfifo (temporary, 0600), ==, 0);

  gboolean kept = bk_restore_files_keep_owners (files, &error);
  g_assert_cmpint (kept, ==, strcmp (what, "file") == 0);
  g_assert_cmpint (error == NULL, ==, kept);
  if (kept)
    g_assert_cmpuint (mode_of (temporary), ==, 0666);
  g_assert_cmpuint (mode_of (victim), ==, 0600);
}

int
main (int argc, char **argv)
{
  static const char *const kinds[] = { "file", "symlink", "hard-link", "pipe", "nothing" };

  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)
  ADD ("/ops/vm-restore-place/swap", NULL, test_swap);
  ADD ("/ops/vm-restore-place/unswap", NULL, test_unswap);
  ADD ("/ops/vm-restore-place/refused", NULL, test_refused);
  ADD ("/ops/vm-restore-place/started-meanwhile", NULL, test_started_meanwhile);
  ADD ("/ops/vm-restore-place/place", NULL, test_place);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *name = g_strconcat ("/ops/vm-restore-place/owners/", kinds[i], NULL);

      ADD (name, kinds[i], test_owners);
    }
  return g_test_run ();
}
