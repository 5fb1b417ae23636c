#include "base/thread.h"

#include "base/language.h"

typedef struct
{
  GThreadFunc func;
  gpointer data;
  const BkLanguage *language;
} Start;

static gpointer
run (gpointer user_data)
{
  g_autofree Start *start = user_data;

  bk_language_set (start->language);
  return start->func (start->data);
}

static Start *
start_new (GThreadFunc func, gpointer data)
{
  Start *start = g_new0 (Start, 1);

  start->func = func;
  start->data = data;
  start->language = bk_language_get ();
  return start;
}

/**
 * bk_thread_new:
 *
 * As g_thread_new(), and what the thread says is in the language of who starts it.
 */
GThread *
bk_thread_new (const char *name, GThreadFunc func, gpointer data)
{
  return g_thread_new (name, run, start_new (func, data));
}

/**
 * bk_thread_try_new:
 *
 * As g_thread_try_new(), otherwise as bk_thread_new().
 */
GThread *
bk_thread_try_new (const char *name, GThreadFunc func, gpointer data, GError **error)
{
  Start *start = start_new (func, data);
  GThread *thread = g_thread_try_new (name, run, start, error);

  if (thread == NULL)
    g_free (start);
  return thread;
}
