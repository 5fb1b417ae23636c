#pragma once

#include <glib.h>

/*
 * Numbers for people, in the language of the thread (base/language.h). What a program reads is
 * written by printf and json-glib.
 */

#define BK_NUMBER_BYTES 48

/* For the arguments of a format, whose texts live until the end of the block: gettext's tools do not
 * know GLib's macros of formats. */
#define BK_NUMBER(Number) bk_number_in ((char[BK_NUMBER_BYTES]){ 0 }, Number)
#define BK_DIGITS(Number) bk_digits_in ((char[BK_NUMBER_BYTES]){ 0 }, Number)

const char *bk_number_in (char buffer[BK_NUMBER_BYTES], guint64 number);
const char *bk_digits_in (char buffer[BK_NUMBER_BYTES], guint64 number);
char *bk_decimal_text (double number, guint digits_count);
char *bk_size_text (guint64 size_bytes);
