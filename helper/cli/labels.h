#pragma once

#include <glib.h>

const char *bk_label_text (const char *label);
