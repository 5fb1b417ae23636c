#include "store/tree-header.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static la_ssize_t
on_write (struct archive *archive, void *user_data, const void *data, size_t length_bytes)
{
  g_byte_array_append (user_data, data, (guint) length_bytes);
  return (la_ssize_t) length_bytes;
}

/* As store/tree-pack.c has libarchive do it. */
static GByteArray *
make_by_libarchive (const char *path, const struct stat *st)
{
  GByteArray *sink = g_byte_array_new ();
  struct archive *archive = archive_write_new ();
  struct archive_entry *entry = archive_entry_new ();

  archive_write_set_format_pax (archive);
  archive_write_set_options (archive, "xattrheader=SCHILY");
  archive_write_set_bytes_per_block (archive, 0);
  g_assert_cmpint (archive_write_open (archive, sink, NULL, on_write, NULL), ==, ARCHIVE_OK);
  archive_entry_copy_pathname (entry, path);
  archive_entry_set_mode (entry, st->st_mode);
  archive_entry_set_uid (entry, st->st_uid);
  archive_entry_set_gid (entry, st->st_gid);
  archive_entry_set_mtime (entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
  archive_entry_set_size (entry, st->st_size);
  g_assert_cmpint (archive_write_header (archive, entry), ==, ARCHIVE_OK);
  archive_entry_free (entry);
  archive_write_fail (archive);
  archive_write_free (archive);
  return sink;
}

#define NAME_89                                                                                    \
  "a123456789/b123456789/c123456789/d123456789/e123456789/f123456789/g123456789/h123456789/9"

typedef struct
{
  const char *path;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  off_t size_bytes;
  gint64 secs;
  long nsecs;
} Case;

static const Case common[] = {
  { "file", 0644, 0, 0, 1, 1795272453, 872807679 },
  { "var/lib/file.dat", 0600, 1000, 100, 4096, 1795272453, 1 },
  { "var/lib/.hidden", 0777, 262143, 262143, 0, 1, 100000000 },
  { "a/b", 0, 1, 2, (G_GINT64_CONSTANT (1) << 33) - 1, G_MAXINT32 - 1, 999999999 },
  { "a/trailing-zeros", 0444, 5, 6, 511, 1000000000, 120000000 },
  { "PaxHeader/PaxHeader", 0640, 0, 0, 512, 1234567890, 50 },
  { "with space/and\ttab\n\\", 0640, 0, 0, 513, 99999, 987654321 },
  { NAME_89, 0640, 33, 33, 12345, 1795272453, 500000000 },
};

static const Case others[] = {
  { NAME_89 "0", 0644, 0, 0, 1, 1, 1 },   /* a longer name */
  { "caf\xc3\xa9", 0644, 0, 0, 1, 1, 1 }, /* not in ASCII */
  { "setuid", 04755, 0, 0, 1, 1, 1 },     /* a bit that the extended header has not */
  { "owner", 0644, 262144, 0, 1, 1, 1 },  /* does not fit */
  { "group", 0644, 0, 262144, 1, 1, 1 },
  { "large", 0644, 0, 0, G_GINT64_CONSTANT (1) << 33, 1, 1 },
  { "before-1970", 0644, 0, 0, 1, -1, 1 },
  { "in-2038", 0644, 0, 0, 1, G_MAXINT32, 1 },
  { "whole-second", 0644, 0, 0, 1, 1, 0 },
};

static struct stat
stat_of (const Case *c)
{
  return (struct stat){ .st_mode = S_IFREG | c->mode,
                        .st_uid = c->uid,
                        .st_gid = c->gid,
                        .st_size = c->size_bytes,
                        .st_mtim = { c->secs, c->nsecs } };
}

/* The same bytes, so that it does not matter to anybody who made them. */
static void
test_common (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    {
      struct stat st = stat_of (&common[i]);
      g_autoptr (GByteArray) expected = make_by_libarchive (common[i].path, &st);
      g_autoptr (GByteArray) made = g_byte_array_new ();

      g_byte_array_append (made, (const guint8 *) "before", 6);
      g_assert_true (bk_tree_header_append (made, common[i].path, &st));
      g_assert_cmpmem (made->data, 6, "before", 6);
      g_assert_cmpmem (made->data + 6, made->len - 6, expected->data, expected->len);
    }
}

static void
test_others (void)
{
  g_autoptr (GByteArray) made = g_byte_array_new ();
  struct stat directory = { .st_mode = S_IFDIR | 0755, .st_mtim = { 1, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      struct stat st = stat_of (&others[i]);

      g_assert_false (bk_tree_header_append (made, others[i].path, &st));
    }
  g_assert_false (bk_tree_header_append (made, "directory", &directory));
  g_assert_cmpuint (made->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/tree-header/common", test_common);
  g_test_add_func ("/store/tree-header/others", test_others);
  return g_test_run ();
}
