#include "model/attempts.h"

#define SECOND G_TIME_SPAN_SECOND
#define MINUTE G_TIME_SPAN_MINUTE

static void
test_first_denial_is_recorded_at_once (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();
  g_autoptr (BkDenials) first = bk_attempts_denied (attempts, 1000, "vm.list", "no-ticket", 0);

  g_assert_nonnull (first);
  g_assert_cmpuint (first->uid, ==, 1000);
  g_assert_cmpstr (first->operation, ==, "vm.list");
  g_assert_cmpuint (first->count, ==, 1);
  g_assert_cmpstr (first->reasons[0], ==, "no-ticket");
}

static void
test_others_of_a_minute_are_one (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();
  g_autoptr (BkDenials) first = bk_attempts_denied (attempts, 1000, "a", "unknown", 0);

  for (guint i = 0; i < 10000; i++)
    g_assert_null (
        bk_attempts_denied (attempts, 1000, "b", i % 10 == 0 ? "expired" : "unknown", 1));
  g_autoptr (GPtrArray) early = bk_attempts_due (attempts, MINUTE - 1);
  g_assert_cmpuint (early->len, ==, 0);
  g_autoptr (GPtrArray) due = bk_attempts_due (attempts, MINUTE);
  g_assert_cmpuint (due->len, ==, 1);
  const BkDenials *denials = g_ptr_array_index (due, 0);
  g_assert_cmpuint (denials->count, ==, 10000);
  g_assert_cmpstr (denials->reasons[0], ==, "expired");
  g_assert_cmpuint (denials->reason_counts[0], ==, 1000);
  g_assert_cmpuint (denials->reason_counts[1], ==, 9000);
  g_assert_null (denials->reasons[2]);

  /* It goes on: the next is a minute later again. */
  g_assert_null (bk_attempts_denied (attempts, 1000, "b", "unknown", MINUTE + 1));
  g_assert_false (bk_attempts_is_quiet (attempts));
  g_autoptr (GPtrArray) second = bk_attempts_due (attempts, 2 * MINUTE);
  g_assert_cmpuint (second->len, ==, 1);
  g_autoptr (GPtrArray) third = bk_attempts_due (attempts, 3 * MINUTE);
  g_assert_cmpuint (third->len, ==, 0);
  g_assert_true (bk_attempts_is_quiet (attempts));
}

static void
test_end_gives_out_what_was_counted (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();
  g_autoptr (BkDenials) first = bk_attempts_denied (attempts, 1000, "a", "unknown", 0);

  g_assert_null (bk_attempts_denied (attempts, 1000, "a", "unknown", 1));
  g_autoptr (GPtrArray) due = bk_attempts_due (attempts, G_MAXINT64);
  g_assert_cmpuint (due->len, ==, 1);
}

static void
test_many_users_are_one (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();
  guint recorded_count = 0;

  for (guint uid = 100000; uid < 165536; uid++)
    {
      g_autoptr (BkDenials) first = bk_attempts_denied (attempts, uid, "a", "no-ticket", 5);

      recorded_count += first != NULL;
    }
  g_autoptr (GPtrArray) due = bk_attempts_due (attempts, MINUTE + 5);
  g_assert_cmpuint (recorded_count, <=, BK_ATTEMPTS_USERS_MAX + 1);
  g_assert_cmpuint (due->len, ==, 1);
  const BkDenials *others = g_ptr_array_index (due, 0);
  g_assert_cmpuint (others->uid, ==, BK_ATTEMPTS_OTHERS);
  g_assert_cmpuint (others->count + recorded_count, ==, 65536);
}

static void
test_idle_users_make_room (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();

  for (guint uid = 0; uid < BK_ATTEMPTS_USERS_MAX; uid++)
    bk_denials_free (bk_attempts_denied (attempts, uid, "a", "no-ticket", 0));
  g_autoptr (GPtrArray) due = bk_attempts_due (attempts, MINUTE);
  g_autoptr (BkDenials) next = bk_attempts_denied (attempts, 1000, "a", "no-ticket", MINUTE);
  g_assert_cmpuint (next->uid, ==, 1000);
}

static void
test_guesses (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();
  gint64 now_usecs = 1000 * SECOND;
  guint looked_at_count = 0;

  for (guint i = 0; i < 10000; i++)
    {
      if (!bk_attempts_may_guess (attempts, 1000, now_usecs))
        continue;
      bk_attempts_guessed (attempts, 1000, now_usecs);
      looked_at_count++;
    }
  g_assert_cmpuint (looked_at_count, ==, BK_ATTEMPTS_GUESSES_COUNT);
  g_assert_true (bk_attempts_may_guess (attempts, 1001, now_usecs));

  /* One each second, and no more for having waited long. */
  g_assert_false (bk_attempts_may_guess (attempts, 1000, now_usecs + SECOND - 1));
  g_assert_true (bk_attempts_may_guess (attempts, 1000, now_usecs + SECOND));
  bk_attempts_guessed (attempts, 1000, now_usecs + SECOND);
  g_assert_false (bk_attempts_may_guess (attempts, 1000, now_usecs + SECOND));
  now_usecs += 10000 * SECOND;
  for (looked_at_count = 0; bk_attempts_may_guess (attempts, 1000, now_usecs); looked_at_count++)
    bk_attempts_guessed (attempts, 1000, now_usecs);
  g_assert_cmpuint (looked_at_count, ==, BK_ATTEMPTS_GUESSES_COUNT);
}

static void
test_crowd_is_not_shut_out (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();

  for (guint uid = 100000; uid < 110000; uid++)
    bk_attempts_guessed (attempts, uid, 0);
  g_assert_true (bk_attempts_may_guess (attempts, 1000, 0));
}

static void
test_long_names_are_cut (void)
{
  g_autoptr (BkAttempts) attempts = bk_attempts_new ();
  g_autoptr (GString) name = g_string_new (NULL);

  for (guint i = 0; i < 100000; i++)
    g_string_append (name, "ü");
  g_autoptr (BkDenials) first = bk_attempts_denied (attempts, 1, name->str, "no-ticket", 0);
  g_assert_cmpint (g_utf8_strlen (first->operation, -1), ==, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/attempts/first-at-once", test_first_denial_is_recorded_at_once);
  g_test_add_func ("/model/attempts/minute-is-one", test_others_of_a_minute_are_one);
  g_test_add_func ("/model/attempts/end", test_end_gives_out_what_was_counted);
  g_test_add_func ("/model/attempts/many-users", test_many_users_are_one);
  g_test_add_func ("/model/attempts/idle-users", test_idle_users_make_room);
  g_test_add_func ("/model/attempts/guesses", test_guesses);
  g_test_add_func ("/model/attempts/crowd", test_crowd_is_not_shut_out);
  g_test_add_func ("/model/attempts/long-names", test_long_names_are_cut);
  return g_test_run ();
}
