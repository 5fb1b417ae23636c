#pragma once

#include <glib.h>

GThread *bk_thread_new (const char *name, GThreadFunc func, gpointer data);
GThread *bk_thread_try_new (const char *name, GThreadFunc func, gpointer data, GError **error);
