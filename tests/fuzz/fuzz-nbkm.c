#include "base/fd.h"
#include "format/nbkm.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What does not begin as zstd is taken as the bytes inside, so that the fuzzer gets to them. */
static int
as_file (const guint8 *data, gsize size)
{
  static const guint8 zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
  int fd = memfd_create ("nbkm", MFD_CLOEXEC);
  g_autofree guint8 *packed = NULL;

  if (size < sizeof zstd_magic || memcmp (data, zstd_magic, sizeof zstd_magic) != 0)
    {
      packed = g_malloc (ZSTD_compressBound (size));
      size = ZSTD_compress (packed, ZSTD_compressBound (size), data, size, 1);
      data = packed;
    }
  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  return fd;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  autofd int fd = as_file (data, size);
  g_autoptr (BkNbkmReader) reader = bk_nbkm_reader_new (fd, "the input", NULL);
  g_autofree char *before = g_strdup ("");
  const BkTreeEntry *entry;

  while (reader != NULL && bk_nbkm_reader_next (reader, &entry, NULL) && entry != NULL)
    {
      g_assert_true (bk_tree_path_is_valid (entry->path));
      g_assert_cmpuint (strlen (entry->path), ==, entry->path_length);
      g_assert_cmpint (bk_tree_path_compare (before, entry->path), <, 0);
      g_free (before);
      before = g_strdup (entry->path);
    }
  return 0;
}
