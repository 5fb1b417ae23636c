#pragma once

#include <glib.h>

/*
 * Texts for people. In the sources they are English; _() gives what the person reads. N_() marks one
 * that is kept first, in a static table for instance, and translated where it is shown.
 * bk_set_error(), bk_error_set_errno(), bk_prefix_error() and bk_reporter_message() translate their
 * format themselves, so those take the English format as it is.
 *
 * What a program reads stays as it is: ids, actions, states, problem codes, members of JSON, events.
 */

#define _(String) bk_gettext (String)
#define N_(String) (String)
/* For one that is too short to tell what it is for. */
#define C_(Context, String) bk_gettext_in (Context "\004" String, String)

const char *bk_gettext (const char *text) G_GNUC_FORMAT (1);
const char *bk_gettext_in (const char *context_and_text, const char *text) G_GNUC_FORMAT (2);
const char *bk_ngettext (const char *one, const char *many, guint64 count) G_GNUC_FORMAT (1)
    G_GNUC_FORMAT (2);
