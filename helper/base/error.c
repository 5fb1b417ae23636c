#include "base/error.h"

#include "base/gettext.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

G_DEFINE_QUARK (bk - error - quark, bk_error)

/* The exit status of each error, as --help lists them; 0 is done, 8 done with warnings. The problem is
 * what a Cockpit channel closes with. */
static const struct
{
  int exit_status;
  const char *problem;
} edges[] = {
  [BK_ERROR_FAILED] = { 1, "internal-error" },     [BK_ERROR_USAGE] = { 2, "protocol-error" },
  [BK_ERROR_INTEGRITY] = { 3, "integrity" },       [BK_ERROR_BUSY] = { 4, "busy" },
  [BK_ERROR_NOT_FOUND] = { 5, "not-found" },       [BK_ERROR_DENIED] = { 6, "access-denied" },
  [BK_ERROR_NO_SPACE] = { 7, "no-space" },         [BK_ERROR_CANCELLED] = { 1, "cancelled" },
  [BK_ERROR_UNSUPPORTED] = { 1, "not-supported" }, [BK_ERROR_UNAVAILABLE] = { 1, "unavailable" },
};

/**
 * bk_error_code:
 * @error: any error
 *
 * Returns: its code in our domain; GIO's codes are mapped, everything else is %BK_ERROR_FAILED.
 */
BkError
bk_error_code (const GError *error)
{
  if (error->domain == BK_ERROR && (guint) error->code < G_N_ELEMENTS (edges))
    return (BkError) error->code;
  if (error->domain != G_IO_ERROR)
    return BK_ERROR_FAILED;

  switch (error->code)
    {
    case G_IO_ERROR_CANCELLED:
      return BK_ERROR_CANCELLED;
    case G_IO_ERROR_NOT_FOUND:
      return BK_ERROR_NOT_FOUND;
    case G_IO_ERROR_PERMISSION_DENIED:
      return BK_ERROR_DENIED;
    case G_IO_ERROR_NO_SPACE:
      return BK_ERROR_NO_SPACE;
    default:
      return BK_ERROR_FAILED;
    }
}

/**
 * bk_error_exit_status:
 * @error: (nullable): what a run ended with; %NULL when it went well
 *
 * Returns: the status the program exits with.
 */
int
bk_error_exit_status (const GError *error)
{
  return error == NULL ? 0 : edges[bk_error_code (error)].exit_status;
}

/**
 * bk_error_problem:
 * @error: what an operation ended with
 *
 * Returns: (transfer none): the stable code that a channel closes with and a job's record keeps.
 */
const char *
bk_error_problem (const GError *error)
{
  return edges[bk_error_code (error)].problem;
}

/**
 * bk_error_from_problem:
 * @problem: (nullable): a code that bk_error_problem() gave, for instance out of a job's record
 *
 * Returns: the code it stands for; %BK_ERROR_FAILED for one that is not known.
 */
BkError
bk_error_from_problem (const char *problem)
{
  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    {
      if (g_strcmp0 (edges[i].problem, problem) == 0)
        return (BkError) i;
    }
  return BK_ERROR_FAILED;
}

/**
 * bk_set_error:
 * @error: (out) (optional): where to put it
 * @format: in English, as the sources have it; it is translated here
 *
 * The one way to make an error of ours, so that no message is left untranslated.
 */
void
bk_set_error (GError **error, BkError code, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return;
  va_start (args, format);
  *error = g_error_new_valist (BK_ERROR, (int) code, bk_gettext (format), args);
  va_end (args);
}

/* In Linux's words. GLib's g_strerror() remembers the first language that it was asked in. */
static const struct
{
  int errnum;
  const char *text;
} reasons[] = {
  { EPERM, N_ ("Operation not permitted") },
  { ENOENT, N_ ("No such file or directory") },
  { EIO, N_ ("Input/output error") },
  { ENXIO, N_ ("No such device or address") },
  { EBADF, N_ ("Bad file descriptor") },
  { EAGAIN, N_ ("Resource temporarily unavailable") },
  { ENOMEM, N_ ("Cannot allocate memory") },
  { EACCES, N_ ("Permission denied") },
  { EBUSY, N_ ("Device or resource busy") },
  { EEXIST, N_ ("File exists") },
  { EXDEV, N_ ("Invalid cross-device link") },
  { ENODEV, N_ ("No such device") },
  { ENOTDIR, N_ ("Not a directory") },
  { EISDIR, N_ ("Is a directory") },
  { EINVAL, N_ ("Invalid argument") },
  { ENFILE, N_ ("Too many open files in system") },
  { EMFILE, N_ ("Too many open files") },
  { ETXTBSY, N_ ("Text file busy") },
  { EFBIG, N_ ("File too large") },
  { ENOSPC, N_ ("No space left on device") },
  { EROFS, N_ ("Read-only file system") },
  { EMLINK, N_ ("Too many links") },
  { EPIPE, N_ ("Broken pipe") },
  { ENAMETOOLONG, N_ ("File name too long") },
  { ENOTEMPTY, N_ ("Directory not empty") },
  { ELOOP, N_ ("Too many levels of symbolic links") },
  { EOVERFLOW, N_ ("Value too large for defined data type") },
  { EILSEQ, N_ ("Invalid or incomplete multibyte or wide character") },
  { EOPNOTSUPP, N_ ("Operation not supported") },
  { ECONNRESET, N_ ("Connection reset by peer") },
  { ETIMEDOUT, N_ ("Connection timed out") },
  { ECONNREFUSED, N_ ("Connection refused") },
  { ESTALE, N_ ("Stale file handle") },
  { EUCLEAN, N_ ("Structure needs cleaning") },
  { EREMOTEIO, N_ ("Remote I/O error") },
  { EDQUOT, N_ ("Disk quota exceeded") },
  { ECANCELED, N_ ("Operation canceled") },
};

/**
 * bk_error_reason:
 * @errnum: an errno
 *
 * Returns: (transfer none): it in words, in the language of this thread.
 */
const char *
bk_error_reason (int errnum)
{
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if (reasons[i].errnum == errnum)
        return _ (reasons[i].text);
    }
  return g_strerror (errnum);
}

static void G_GNUC_PRINTF (2, 0) prepend_valist (GError *error, const char *format, va_list args)
{
  g_autofree char *old = error->message;
  g_autofree char *prefix = g_strdup_vprintf (bk_gettext (format), args);

  error->message = g_strconcat (prefix, old, NULL);
}

/**
 * bk_prefix_error:
 * @error: (inout) (optional): nothing happens where there is none
 * @format: in English; it is translated here
 *
 * As g_prefix_error().
 */
void
bk_prefix_error (GError **error, const char *format, ...)
{
  va_list args;

  if (error == NULL || *error == NULL)
    return;
  va_start (args, format);
  prepend_valist (*error, format, args);
  va_end (args);
}

/**
 * bk_propagate_prefixed_error:
 * @to: (out) (optional): where to put it
 * @from: (transfer full): what went wrong
 * @format: in English; it is translated here
 *
 * As g_propagate_prefixed_error().
 */
void
bk_propagate_prefixed_error (GError **to, GError *from, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  prepend_valist (from, format, args);
  va_end (args);
  g_propagate_error (to, from);
}

static BkError
code_from_errno (int errnum)
{
  switch (errnum)
    {
    case ENOENT:
    case ENOTDIR:
      return BK_ERROR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
      return BK_ERROR_DENIED;
    case ENOSPC:
    case EDQUOT:
      return BK_ERROR_NO_SPACE;
    case EBUSY:
      return BK_ERROR_BUSY;
    case ECANCELED:
      return BK_ERROR_CANCELLED;
    default:
      return BK_ERROR_FAILED;
    }
}

/* What a person can do about it; %NULL where that depends on what was being done. */
static const char *
remedy_for (int errnum)
{
  switch (errnum)
    {
    case ENOSPC:
    case EDQUOT:
      return _ ("free some space there");
    case EROFS:
      return _ ("mount it writable");
    case EIO:
      return _ ("examine the disk");
    case EACCES:
    case EPERM:
      return geteuid () != 0 ? _ ("run it as root") : NULL;
    default:
      return NULL;
    }
}

/**
 * bk_error_set_errno:
 * @error: (out) (optional): where to put it
 * @errnum: the errno of the call that failed
 * @format: what was being done, and on what, in English; it is translated here, and the reason is
 *   added, with what to do about it where that is always the same
 *
 * Returns: %FALSE, so that a caller can `return bk_error_set_errno (…)`.
 */
gboolean
bk_error_set_errno (GError **error, int errnum, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (bk_gettext (format), args);
  va_end (args);

  const char *remedy = remedy_for (errnum);
  if (remedy != NULL)
    bk_set_error (error, code_from_errno (errnum), "%s: %s; %s", what, bk_error_reason (errnum),
                  remedy);
  else
    bk_set_error (error, code_from_errno (errnum), "%s: %s", what, bk_error_reason (errnum));
  return FALSE;
}

/**
 * bk_error_one_line:
 * @message: any text, perhaps of another program, perhaps not UTF-8
 *
 * Returns: (transfer full): @message as one line of valid UTF-8 without control characters.
 */
char *
bk_error_one_line (const char *message)
{
  g_autofree char *valid = g_utf8_make_valid (message, -1);
  GString *line = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iscntrl (c))
        g_string_append_unichar (line, c);
      else if (line->len > 0 && line->str[line->len - 1] != ' ')
        g_string_append_c (line, ' ');
    }
  return g_strchomp (g_string_free (line, FALSE));
}
