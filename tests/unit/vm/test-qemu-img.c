#include "vm/qemu-img.h"

#include "base/error.h"
#include "base/path.h"

#include <glib/gstdio.h>

/* Stands first in PATH, and has a qemu-img that does what a test says. */
static char *directory;

static void
does (const char *script)
{
  g_autofree char *program = g_build_filename (directory, "qemu-img", NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", script, "\n", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (
      g_file_set_contents_full (program, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0755, &error));
  g_assert_no_error (error);
}

static void
assert_check (const char *script, int code, const char *message)
{
  g_autoptr (GError) error = NULL;

  does (script);
  g_assert_cmpint (bk_qemu_img_check ("/r/a.qcow2", NULL, &error), ==, message == NULL);
  if (message == NULL)
    g_assert_no_error (error);
  else
    {
      g_assert_error (error, BK_ERROR, code);
      g_assert_nonnull (strstr (error->message, message));
    }
}

static void
test_check (void)
{
  assert_check ("exit 0", 0, NULL);
  assert_check ("exit 3", 0, NULL); /* leaks waste space, no more */
  assert_check ("exit 2", BK_ERROR_INTEGRITY, "“/r/a.qcow2” is broken");
  assert_check ("exit 1", BK_ERROR_INTEGRITY, "“/r/a.qcow2” is broken");
  assert_check ("kill -9 $$", BK_ERROR_FAILED, "killed");
}

/* An image with thousands of faults, each of which is a line on stderr: more than a pipe holds. */
static void
test_many_complaints (void)
{
  assert_check ("seq 1 100000 >&2; exit 2", BK_ERROR_INTEGRITY, "is broken");
  assert_check ("seq 1 100000; seq 1 100000 >&2; seq 1 100000; exit 0", 0, NULL);
  assert_check ("seq 1 100000 >&2; kill -9 $$", BK_ERROR_FAILED, "failed: 1 2 3");
}

static void
test_compare (void)
{
  static const struct
  {
    const char *script;
    int code; /* -1: none */
  } cases[] = {
    { "exit 0", -1 },
    { "exit 1", BK_ERROR_INTEGRITY },
    { "echo 'qemu-img: Could not open' >&2; exit 2", BK_ERROR_FAILED },
    { "exit 4", BK_ERROR_FAILED },
    { "kill -9 $$", BK_ERROR_FAILED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      does (cases[i].script);
      g_assert_cmpint (bk_qemu_img_compare ("/r/a", "/r/b", NULL, &error), ==, cases[i].code == -1);
      if (cases[i].code != -1)
        g_assert_error (error, BK_ERROR, cases[i].code);
    }
}

static void
note_fraction (double fraction, gpointer user_data)
{
  g_string_append_printf (user_data, "%.2f ", fraction);
}

/* It prints as qemu-img does; a pause between two keeps them from being read as one. */
static void
test_progress (void)
{
  const BkQemuImgTarget target = { .file = "/r/b.qcow2", .format = "qcow2" };
  g_autoptr (GString) fractions = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  does ("for p in 0.00 12.50 100.00 400.00; do printf '    (%s/100%%)\\r' $p; sleep 0.2; done");
  g_assert_true (
      bk_qemu_img_convert ("/r/a.qcow2", &target, note_fraction, fractions, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (fractions->str, "0.00 "));
  g_assert_true (g_str_has_suffix (fractions->str, "1.00 "));
}

static void
test_failures (void)
{
  static const struct
  {
    const char *script;
    int code;
    const char *message;
  } cases[] = {
    { "echo 'qemu-img: error while writing at byte 0: No space left on device' >&2; exit 1",
      BK_ERROR_NO_SPACE, "qemu-img commit of “/r/top” failed: qemu-img: error while writing" },
    { "echo 'qemu-img: Input/output error' >&2; exit 1", BK_ERROR_FAILED, "Input/output error" },
    { "printf 'two\\nlines\\033[1m\\377' >&2; exit 1", BK_ERROR_FAILED, "two lines" },
    { "kill -9 $$", BK_ERROR_FAILED, "failed: killed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      does (cases[i].script);
      g_assert_false (bk_qemu_img_commit ("/r/base", "/r/top", NULL, NULL, NULL, &error));
      g_assert_error (error, BK_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].message));
      g_assert_null (strpbrk (error->message, "\n\033"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (G_USEC_PER_SEC / 10);
  g_cancellable_cancel (data);
  return NULL;
}

/* While it says nothing; the program would stay for longer than the test may take. */
static void
test_cancel (void)
{
  const BkQemuImgTarget target = { .file = "/r/b", .format = "raw" };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_autoptr (GError) error = NULL;

  does ("exec sleep 100000");
  g_assert_false (bk_qemu_img_convert ("/r/a", &target, NULL, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static char *
words_of (void)
{
  g_autofree char *file = g_build_filename (directory, "words", NULL);
  char *words = NULL;

  g_assert_true (g_file_get_contents (file, &words, NULL, NULL));
  g_unlink (file);
  return g_strdelimit (g_strchomp (words), "\n", ' ');
}

#define OPTIONS "convert -p -W -m 8 -t none"
#define LAYER(file, below)                                                                         \
  "{\"driver\":\"qcow2\",\"file\":{\"driver\":\"file\",\"filename\":\"" file                       \
  "\",\"locking\":\"off\"},\"backing\":" below "}"

/* The images that it is given are named after “--”: none of them is taken for an option. */
static void
test_words (void)
{
  const BkQemuImgTarget plain = { .file = "/r/b", .format = "raw" };
  const BkQemuImgTarget packed = { .file = "/r/b", .format = "qcow2", .compress = TRUE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_autofree char *script =
      g_strdup_printf ("for word; do echo \"$word\"; done >%s/words", directory);
  g_autofree char *create = NULL, *backed = NULL, *raw = NULL, *compressed = NULL, *chain = NULL;

  g_ptr_array_add (files, (char *) "/r/new");
  g_ptr_array_add (files, (char *) "/r/old");
  does (script);
  bk_qemu_img_create ("/r/a", 1048576, NULL, &error);
  g_assert_no_error (error);
  create = words_of ();
  g_assert_cmpstr (create, ==, "create -q -f qcow2 -o cluster_size=256k -- /r/a 1048576");
  bk_qemu_img_create ("/r/a", G_MAXUINT64, "../b", &error);
  g_assert_no_error (error);
  backed = words_of ();
  g_assert_cmpstr (backed, ==, "create -q -f qcow2 -F qcow2 -b ../b -- /r/a 18446744073709551615");
  bk_qemu_img_convert ("/r/a", &plain, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  raw = words_of ();
  g_assert_cmpstr (raw, ==, OPTIONS " -f qcow2 -O raw -- /r/a /r/b");
  bk_qemu_img_convert ("/r/a", &packed, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  compressed = words_of ();
  g_assert_cmpstr (compressed, ==,
                   OPTIONS " -c -o compression_type=zstd -f qcow2 -O qcow2 -- /r/a /r/b");
  bk_qemu_img_convert_chain (files, &plain, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  chain = words_of ();
  g_assert_cmpstr (chain, ==,
                   OPTIONS " -O raw -- json:" LAYER ("/r/new", LAYER ("/r/old", "null")) " /r/b");
}

/* What is no list of bitmaps, or no JSON at all, is not trusted; it may be a text of any kind. */
static void
test_info (void)
{
  static const struct
  {
    const char *text;
    const char *bitmaps; /* (nullable): an error */
    const char *size;    /* (nullable): an error */
  } cases[] = {
    { "{\"virtual-size\":512,\"format-specific\":{\"data\":{\"bitmaps\":[{\"name\":\"a\"},{\"name\":"
      "\"b\"}]}}}",
      "a,b", "512" },
    { "{\"virtual-size\":0,\"format-specific\":{\"data\":{}}}", "", "0" },
    { "{\"virtual-size\":-1,\"format-specific\":7}", "", NULL },
    { "{\"virtual-size\":\"1\",\"format-specific\":{\"data\":{\"bitmaps\":[7,null,{\"x\":1}]}}}",
      "", NULL },
    { "{", NULL, NULL },
    { "[]", NULL, NULL },
    { "", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strdup_printf ("echo '%s'", cases[i].text);
      g_autoptr (GError) bitmaps_error = NULL, size_error = NULL;
      guint64 size_bytes = 7;

      does (script);
      g_auto (GStrv) bitmaps = bk_qemu_img_list_bitmaps ("/r/a", &bitmaps_error);
      g_autofree char *list = bitmaps == NULL ? NULL : g_strjoinv (",", bitmaps);
      g_assert_cmpstr (list, ==, cases[i].bitmaps);
      g_assert_cmpint (bitmaps_error != NULL, ==, cases[i].bitmaps == NULL);
      gboolean known = bk_qemu_img_virtual_size ("/r/a", &size_bytes, &size_error);
      g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, size_bytes);
      g_assert_cmpint (known, ==, cases[i].size != NULL);
      g_assert_cmpint (size_error != NULL, ==, cases[i].size == NULL);
      if (known)
        g_assert_cmpstr (size, ==, cases[i].size);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("bk-qemu-img-XXXXXX", NULL);
  g_assert_nonnull (directory);
  g_autofree char *path = g_strconcat (directory, ":", g_getenv ("PATH"), NULL);
  g_autofree char *program = g_build_filename (directory, "qemu-img", NULL);

  g_setenv ("PATH", path, TRUE); /* before there are threads */
  g_test_add_func ("/vm/qemu-img/check", test_check);
  g_test_add_func ("/vm/qemu-img/many-complaints", test_many_complaints);
  g_test_add_func ("/vm/qemu-img/compare", test_compare);
  g_test_add_func ("/vm/qemu-img/progress", test_progress);
  g_test_add_func ("/vm/qemu-img/failures", test_failures);
  g_test_add_func ("/vm/qemu-img/cancel", test_cancel);
  g_test_add_func ("/vm/qemu-img/words", test_words);
  g_test_add_func ("/vm/qemu-img/info", test_info);
  int status = g_test_run ();

  g_unlink (program);
  g_rmdir (directory);
  g_free (directory);
  return status;
}
