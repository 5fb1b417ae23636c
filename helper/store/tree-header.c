#include "store/tree-header.h"

#include <string.h>

/*
 * POSIX.1-1988 (ustar), with the member's time in an extended header of POSIX.1-2001 before it, byte
 * for byte as libarchive 3.6 writes them:
 *
 *   offset  0 name 100   100 mode 8   108 uid 8   116 gid 8   124 size 12   136 mtime 12
 *         148 checksum 8   156 type 1   257 "ustar" NUL "00"   329 devmajor 8   337 devminor 8
 *
 * Numbers are octal, with a space after them.
 */
#define BLOCK_BYTES 512
#define INSERTED "PaxHeader/"
/* With INSERTED, both names fit into their field. */
#define PATH_MAX_BYTES (99 - (sizeof INSERTED - 1))
#define OWNER_MAX ((1u << 18) - 1)
#define SIZE_MAX_BYTES (G_GINT64_CONSTANT (1) << 33)

static void
put_octal (guint8 *field, guint digits_count, guint64 value)
{
  field[digits_count] = ' ';
  while (digits_count > 0)
    {
      field[--digits_count] = (guint8) ('0' + (value & 7));
      value >>= 3;
    }
}

/* Everything but the name, which is there. */
static void
finish_block (guint8 *block, char type, guint64 size_bytes, const struct stat *st)
{
  guint sum = 0;

  put_octal (block + 100, 6, st->st_mode & 0777);
  put_octal (block + 108, 6, st->st_uid);
  put_octal (block + 116, 6, st->st_gid);
  put_octal (block + 124, 11, size_bytes);
  put_octal (block + 136, 11, (guint64) st->st_mtim.tv_sec);
  memset (block + 148, ' ', 8);
  block[156] = (guint8) type;
  memcpy (block + 257,
          "ustar\0"
          "00",
          8);
  put_octal (block + 329, 6, 0);
  put_octal (block + 337, 6, 0);
  for (guint i = 0; i < BLOCK_BYTES; i++)
    sum += block[i];
  put_octal (block + 148, 6, sum);
  block[154] = '\0';
  block[155] = ' ';
}

/* "30 mtime=1795272453.872807679\n": the number counts its own digits too. */
static guint
put_time_record (char *record, gsize size, const struct timespec *time)
{
  char text[64];
  int length = g_snprintf (text, sizeof text, " mtime=%" G_GINT64_FORMAT ".%09ld",
                           (gint64) time->tv_sec, time->tv_nsec);

  while (text[length - 1] == '0')
    length--;
  text[length++] = '\n';
  text[length] = '\0';
  /* Always of two digits: from 13 to 30 bytes. */
  return (guint) g_snprintf (record, size, "%d%s", length + 2, text);
}

static gboolean
is_common (const char *path, gsize length_bytes, const struct stat *st)
{
  return length_bytes <= PATH_MAX_BYTES && g_str_is_ascii (path) && S_ISREG (st->st_mode) &&
         (st->st_mode & 07000) == 0 && st->st_uid <= OWNER_MAX && st->st_gid <= OWNER_MAX &&
         st->st_size < SIZE_MAX_BYTES && st->st_mtim.tv_sec > 0 &&
         st->st_mtim.tv_sec < G_MAXINT32 && st->st_mtim.tv_nsec > 0;
}

/**
 * bk_tree_header_append:
 * @path: the member's name
 * @st: its state; no attributes, no holes, and no other name that has its content
 *
 * Returns: whether it is as common as that; if not, nothing is appended.
 */
gboolean
bk_tree_header_append (GByteArray *sink, const char *path, const struct stat *st)
{
  gsize length_bytes = strlen (path);
  guint at = sink->len;

  if (!is_common (path, length_bytes, st))
    return FALSE;
  g_byte_array_set_size (sink, at + 3 * BLOCK_BYTES);

  guint8 *block = sink->data + at;
  const char *slash = strrchr (path, '/');
  gsize directory_bytes = slash == NULL ? 0 : (gsize) (slash + 1 - path);

  memset (block, 0, 3 * BLOCK_BYTES);
  memcpy (block, path, directory_bytes);
  memcpy (block + directory_bytes, INSERTED, sizeof INSERTED - 1);
  memcpy (block + directory_bytes + sizeof INSERTED - 1, path + directory_bytes,
          length_bytes - directory_bytes);
  finish_block (block, 'x',
                put_time_record ((char *) block + BLOCK_BYTES, BLOCK_BYTES, &st->st_mtim), st);
  memcpy (block + 2 * BLOCK_BYTES, path, length_bytes);
  finish_block (block + 2 * BLOCK_BYTES, '0', (guint64) st->st_size, st);
  return TRUE;
}
