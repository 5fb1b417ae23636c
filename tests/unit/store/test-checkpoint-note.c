#include "store/repository/checkpoint-note.h"

#include "base/error.h"
#include "model/vm-point.h"
#include "store-directory.h"

#include <string.h>

#define UUID "11111111-1111-1111-1111-111111111111"
#define FILE_NAME ".checkpoints-to-delete"

static char *
name_of (guint number)
{
  return bk_vm_checkpoint_name (G_GINT64_CONSTANT (1800000000000000), number);
}

static void
add (int project, guint number)
{
  g_autofree char *name = name_of (number);
  g_autoptr (GError) error = NULL;

  bk_checkpoint_notes_add (project, UUID, name, &error);
  g_assert_no_error (error);
}

static GPtrArray *
read_notes (int project)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *notes = bk_checkpoint_notes_read (project, &error);

  g_assert_no_error (error);
  return notes;
}

static void
assert_notes (int project, guint first, guint count)
{
  g_autoptr (GPtrArray) notes = read_notes (project);

  g_assert_cmpuint (notes->len, ==, count);
  for (guint i = 0; i < count; i++)
    {
      const BkCheckpointNote *note = g_ptr_array_index (notes, i);
      g_autofree char *name = name_of (first + i);

      g_assert_cmpstr (note->uuid, ==, UUID);
      g_assert_cmpstr (note->name, ==, name);
    }
}

static void
test_notes (void)
{
  g_autofree char *path = NULL;
  autofd int project = store_directory_new (&path);
  g_autofree char *file = g_build_filename (path, FILE_NAME, NULL);

  assert_notes (project, 0, 0);
  add (project, 1);
  add (project, 2);
  add (project, 1); /* once is enough */
  assert_notes (project, 1, 2);

  g_autoptr (GPtrArray) notes = read_notes (project);
  g_ptr_array_remove_index (notes, 0);
  g_assert_true (bk_checkpoint_notes_write (project, notes, NULL));
  assert_notes (project, 2, 1);
  g_ptr_array_remove_index (notes, 0);
  g_assert_true (bk_checkpoint_notes_write (project, notes, NULL));
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
  g_assert_true (bk_checkpoint_notes_write (project, notes, NULL));
  store_directory_remove (project, path);
}

/* A power cut in the middle of a line; what a record says that is no checkpoint of ours. */
static void
test_hostile (void)
{
  static const char *const lines[] = {
    "", "x", UUID " ", "\n\n", UUID " other-checkpoint\n", UUID " a b\n", "\xff\xfe\n", UUID
  };
  static const char *const names[] = { "", "other", "a\nb", "a b" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *path = NULL;
      autofd int project = store_directory_new (&path);
      g_autofree char *file = g_build_filename (path, FILE_NAME, NULL);

      g_assert_true (g_file_set_contents (file, lines[i], -1, NULL));
      assert_notes (project, 0, 0);
      for (guint k = 0; k < G_N_ELEMENTS (names); k++)
        g_assert_true (bk_checkpoint_notes_add (project, UUID, names[k], NULL));
      g_assert_true (bk_checkpoint_notes_add (project, "no uuid", names[1], NULL));
      assert_notes (project, 0, 0);
      add (project, 5);
      add (project, 6);
      assert_notes (project, 5, 2);
      store_directory_remove (project, path);
    }
}

/* Of a VM that nobody backs up any more: it does not grow without end, and the newest stay. */
static void
test_bound (void)
{
  g_autofree char *path = NULL;
  autofd int project = store_directory_new (&path);
  g_autofree char *file = g_build_filename (path, FILE_NAME, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 4096; i++)
    {
      g_autofree char *name = name_of (i);

      g_string_append_printf (text, UUID " %s\n", name);
    }
  g_assert_true (g_file_set_contents (file, text->str, -1, NULL));
  assert_notes (project, 0, 4096);
  add (project, 4096);
  add (project, 4097);
  assert_notes (project, 2, 4096);
  store_directory_remove (project, path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/checkpoint-note/notes", test_notes);
  g_test_add_func ("/store/checkpoint-note/hostile", test_hostile);
  g_test_add_func ("/store/checkpoint-note/bound", test_bound);
  return g_test_run ();
}
