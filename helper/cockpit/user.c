#include "cockpit/user.h"

#include "base/error.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/types.h>

#define BUFFER_BYTES (64 * 1024)

/**
 * bk_user_dup_name:
 *
 * Asks the system's user databases, perhaps over a network: not for a main loop.
 *
 * Returns: (transfer full): the name of the user, as text that is valid UTF-8; "uid:N" when nobody
 *   has that number.
 */
char *
bk_user_dup_name (guint32 uid)
{
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);
  struct passwd entry;
  struct passwd *found = NULL;

  if (getpwuid_r (uid, &entry, buffer, BUFFER_BYTES, &found) != 0 || found == NULL ||
      *found->pw_name == '\0')
    return g_strdup_printf ("uid:%u", uid);
  return bk_error_one_line (found->pw_name);
}

/**
 * bk_user_find:
 * @name_or_uid: of a user
 * @uid: (out)
 *
 * Errors: %BK_ERROR_NOT_FOUND.
 */
gboolean
bk_user_find (const char *name_or_uid, guint32 *uid, GError **error)
{
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);
  guint64 number;
  struct passwd entry;
  struct passwd *found = NULL;

  if (g_ascii_string_to_unsigned (name_or_uid, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    {
      *uid = (guint32) number;
      return TRUE;
    }
  if (getpwnam_r (name_or_uid, &entry, buffer, BUFFER_BYTES, &found) == 0 && found != NULL)
    {
      *uid = found->pw_uid;
      return TRUE;
    }
  bk_set_error (error, BK_ERROR_NOT_FOUND, "There is no user “%s”", name_or_uid);
  return FALSE;
}
