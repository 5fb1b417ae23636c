#pragma once

#include <glib.h>

/*
 * One error domain for the whole program. Errors of libraries are translated once, where they
 * enter (bk_error_set_errno(), the libvirt port, the archive readers), so that every caller above
 * can decide by code, and every edge can say it in its own way: exit status, problem, HTTP status.
 *
 * A message is one line: what failed, on what, why, and what to do.
 */

typedef enum
{
  BK_ERROR_FAILED,      /* it did not work, and no other code says why */
  BK_ERROR_USAGE,       /* the caller asked for something that cannot be meant */
  BK_ERROR_INTEGRITY,   /* stored data are not what was recorded about them */
  BK_ERROR_BUSY,        /* another run holds what this one needs */
  BK_ERROR_NOT_FOUND,   /* the named thing does not exist */
  BK_ERROR_DENIED,      /* the caller, or the program, lacks the right */
  BK_ERROR_NO_SPACE,    /* the file system is full, or would be */
  BK_ERROR_CANCELLED,   /* the person asked for it to stop */
  BK_ERROR_UNSUPPORTED, /* this program, or the hypervisor, cannot do that */
  BK_ERROR_UNAVAILABLE, /* a service it needs (libvirt) does not answer */
} BkError;

#define BK_ERROR (bk_error_quark ())
GQuark bk_error_quark (void);

int bk_error_exit_status (const GError *error);
const char *bk_error_problem (const GError *error);
BkError bk_error_code (const GError *error);
BkError bk_error_from_problem (const char *problem);

void bk_set_error (GError **error, BkError code, const char *format, ...) G_GNUC_PRINTF (3, 4);
gboolean bk_error_set_errno (GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void bk_prefix_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
void bk_propagate_prefixed_error (GError **to, GError *from, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
const char *bk_error_reason (int errnum);
char *bk_error_one_line (const char *message);
