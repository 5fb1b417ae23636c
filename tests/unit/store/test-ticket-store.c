#include "store/state/ticket-store.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "format/ticket-json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define BOOT "6f6e1b5e-0000-4000-8000-000000000001"
#define ARGS "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UID 1000
#define SECOND G_TIME_SPAN_SECOND

typedef struct
{
  char *dir;
  BkTicketStore *store;
  BkBootTime now;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->dir = g_dir_make_tmp ("bk-test-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->store = bk_ticket_store_open (fixture->dir, &error);
  g_assert_no_error (error);
  g_strlcpy (fixture->now.boot_id, BOOT, sizeof fixture->now.boot_id);
  fixture->now.usecs = 100 * SECOND;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *parent = g_path_get_dirname (fixture->dir);
  g_autofree char *name = g_path_get_basename (fixture->dir);
  autofd int dirfd = bk_open_directory (parent, NULL);

  bk_ticket_store_free (fixture->store);
  g_assert_true (bk_remove_tree_at (dirfd, name, NULL));
  g_free (fixture->dir);
}

static char *
issue (Fixture *fixture, guint32 uid, const char *operation)
{
  const BkTicketRequest request = { uid, 300, operation, operation == NULL ? NULL : ARGS };
  g_autoptr (GError) error = NULL;
  char *text = bk_ticket_store_issue (fixture->store, &request, &fixture->now, &error);

  g_assert_no_error (error);
  return text;
}

static BkTicketVerdict
use_as (Fixture *fixture, const char *text, guint32 uid, const char *operation)
{
  const BkTicketUse use = { uid, operation, ARGS };
  g_autoptr (BkTicket) ticket = NULL;
  BkTicketVerdict verdict =
      bk_ticket_store_use (fixture->store, text, &use, &fixture->now, &ticket);

  g_assert_cmpint (verdict == BK_TICKET_GOOD, ==, ticket != NULL);
  return verdict;
}

static void
test_session (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = issue (fixture, UID, NULL);

  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (use_as (fixture, text, UID, "vm.list"), ==, BK_TICKET_GOOD);
  g_assert_cmpint (use_as (fixture, text, UID + 1, "vm.list"), ==, BK_TICKET_OTHER_USER);
  fixture->now.usecs += 300 * SECOND;
  g_assert_cmpint (use_as (fixture, text, UID, "vm.list"), ==, BK_TICKET_EXPIRED);
}

static void
test_download_once (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = issue (fixture, UID, "backup.export");

  /* What it is not good for does not use it up. */
  g_assert_cmpint (use_as (fixture, text, UID + 1, "backup.export"), ==, BK_TICKET_OTHER_USER);
  g_assert_cmpint (use_as (fixture, text, UID, "vm.list"), ==, BK_TICKET_OTHER_USE);
  g_assert_cmpint (use_as (fixture, text, UID, "backup.export"), ==, BK_TICKET_GOOD);
  g_assert_cmpint (use_as (fixture, text, UID, "backup.export"), ==, BK_TICKET_UNKNOWN);
}

/* What was let in may take longer than the ticket would have been good, and is taken back all the same. */
static void
test_used_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = issue (fixture, UID, "backup.export");
  g_autofree char *second = issue (fixture, UID, "backup.export");
  g_autofree char *id = g_strndup (first, BK_TICKET_ID_LENGTH);
  g_autofree char *other_id = g_strndup (second, BK_TICKET_ID_LENGTH);

  g_assert_cmpint (use_as (fixture, first, UID, "backup.export"), ==, BK_TICKET_GOOD);
  g_assert_cmpint (use_as (fixture, second, UID, "backup.export"), ==, BK_TICKET_GOOD);
  fixture->now.usecs += 86400 * SECOND;
  g_assert_true (bk_ticket_store_is_alive (fixture->store, id, &fixture->now));
  g_assert_false (bk_ticket_store_has_any (fixture->store, UID, &fixture->now));
  g_assert_true (bk_ticket_store_revoke (fixture->store, id, NULL));
  g_assert_false (bk_ticket_store_is_alive (fixture->store, id, &fixture->now));
  g_assert_cmpuint (bk_ticket_store_revoke_all (fixture->store, UID + 1, NULL), ==, 0);
  g_assert_true (bk_ticket_store_is_alive (fixture->store, other_id, &fixture->now));
  g_assert_cmpuint (bk_ticket_store_revoke_all (fixture->store, UID, NULL), ==, 1);
  g_assert_false (bk_ticket_store_is_alive (fixture->store, other_id, &fixture->now));
}

typedef struct
{
  Fixture *fixture;
  const char *text;
  int *winners; /* atomic */
} Racer;

static gpointer
race (gpointer data)
{
  const Racer *racer = data;
  const BkTicketUse use = { UID, "backup.export", ARGS };
  g_autoptr (BkTicketStore) own = bk_ticket_store_open (racer->fixture->dir, NULL);
  g_autoptr (BkTicket) ticket = NULL;

  if (bk_ticket_store_use (own, racer->text, &use, &racer->fixture->now, &ticket) == BK_TICKET_GOOD)
    g_atomic_int_inc (racer->winners);
  return NULL;
}

static void
test_download_race (Fixture *fixture, gconstpointer data)
{
  for (guint round = 0; round < 100; round++)
    {
      g_autofree char *text = issue (fixture, UID, "backup.export");
      int winners = 0;
      Racer racer = { fixture, text, &winners };
      GThread *threads[8];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("racer", race, &racer);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      g_assert_cmpint (winners, ==, 1);
    }
}

static void
test_renew (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = issue (fixture, UID, NULL);
  g_autofree char *id = g_strndup (text, BK_TICKET_ID_LENGTH);
  g_autoptr (GError) error = NULL;

  fixture->now.usecs += 299 * SECOND;
  g_assert_true (bk_ticket_store_renew (fixture->store, id, 300, &fixture->now, &error));
  g_assert_no_error (error);
  fixture->now.usecs += 299 * SECOND;
  g_assert_cmpint (use_as (fixture, text, UID, "vm.list"), ==, BK_TICKET_GOOD);
  fixture->now.usecs += SECOND;
  g_assert_cmpint (use_as (fixture, text, UID, "vm.list"), ==, BK_TICKET_EXPIRED);
  g_assert_false (bk_ticket_store_renew (fixture->store, id, 300, &fixture->now, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);

  g_autoptr (GPtrArray) names = bk_list_directory (bk_ticket_store_fd (fixture->store), NULL);
  g_assert_cmpuint (names->len, ==, 1);
}

static void
assert_not_renewed (Fixture *fixture, const char *id)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (bk_ticket_store_renew (fixture->store, id, 300, &fixture->now, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_NOT_FOUND);
}

static void
test_renew_nothing_else (Fixture *fixture, gconstpointer data)
{
  g_autofree char *download = issue (fixture, UID, "backup.export");
  g_autofree char *download_id = g_strndup (download, BK_TICKET_ID_LENGTH);
  g_autofree char *revoked = issue (fixture, UID, NULL);
  g_autofree char *revoked_id = g_strndup (revoked, BK_TICKET_ID_LENGTH);

  g_assert_true (bk_ticket_store_revoke (fixture->store, revoked_id, NULL));
  assert_not_renewed (fixture, download_id);
  assert_not_renewed (fixture, revoked_id);
  assert_not_renewed (fixture, "../jobs/x");
  assert_not_renewed (fixture, "");
  g_assert_cmpint (use_as (fixture, revoked, UID, "vm.list"), ==, BK_TICKET_UNKNOWN);
}

static void
test_revoke_all (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = issue (fixture, UID, NULL);
  g_autofree char *second = issue (fixture, UID, "backup.export");
  g_autofree char *other = issue (fixture, UID + 1, NULL);

  g_assert_true (bk_ticket_store_has_any (fixture->store, UID, &fixture->now));
  g_assert_cmpuint (bk_ticket_store_revoke_all (fixture->store, UID, NULL), ==, 2);
  g_assert_false (bk_ticket_store_has_any (fixture->store, UID, &fixture->now));
  g_assert_cmpint (use_as (fixture, other, UID + 1, "vm.list"), ==, BK_TICKET_GOOD);
}

static void
test_wrong_texts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = issue (fixture, UID, NULL);
  g_autofree char *flipped = g_strdup (text);

  for (gsize i = 0; text[i] != '\0'; i++)
    {
      flipped[i] = text[i] == '0' ? '1' : '0';
      g_assert_cmpint (use_as (fixture, flipped, UID, "vm.list"), !=, BK_TICKET_GOOD);
      flipped[i] = text[i];
    }
  g_assert_cmpint (use_as (fixture, flipped, UID, "vm.list"), ==, BK_TICKET_GOOD);
}

/* Nobody finds in the store what lets him in. */
static void
test_secret_is_not_stored (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = issue (fixture, UID, NULL);
  g_autofree char *name = g_strndup (text, BK_TICKET_ID_LENGTH);
  g_autofree char *path = g_strdup_printf ("%s/tickets/%s.json", fixture->dir, name);
  g_autofree char *record = NULL;
  struct stat st;

  g_assert_true (g_file_get_contents (path, &record, NULL, NULL));
  g_assert_null (strstr (record, text + BK_TICKET_ID_LENGTH + 1));
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 0777, ==, 0600);
}

static void
test_prune (Fixture *fixture, gconstpointer data)
{
  g_autofree char *old = issue (fixture, UID, NULL);

  fixture->now.usecs += 300 * SECOND;
  g_autofree char *next = issue (fixture, UID, NULL);
  g_assert_cmpint (use_as (fixture, old, UID, "vm.list"), ==, BK_TICKET_EXPIRED);
  fixture->now.usecs += BK_TICKET_KEEP_DEAD_USECS + 1;
  g_autofree char *last = issue (fixture, UID, NULL);
  g_assert_cmpint (use_as (fixture, old, UID, "vm.list"), ==, BK_TICKET_UNKNOWN);
  g_assert_cmpint (use_as (fixture, next, UID, "vm.list"), ==, BK_TICKET_EXPIRED);

  /* The machine was started anew, and its clock begins again. */
  fixture->now = (BkBootTime){ .boot_id = "6f6e1b5e-0000-4000-8000-000000000002" };
  g_assert_cmpint (use_as (fixture, last, UID, "vm.list"), ==, BK_TICKET_EXPIRED);
  bk_ticket_store_prune (fixture->store, &fixture->now);
  g_assert_cmpint (use_as (fixture, last, UID, "vm.list"), ==, BK_TICKET_UNKNOWN);
}

static void
test_hostile_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = g_dir_make_tmp ("bk-test-XXXXXX", NULL);
  g_autofree char *link = g_build_filename (other, "tickets", NULL);
  g_autofree char *target = g_build_filename (fixture->dir, "tickets", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink (target, link), ==, 0);
  g_assert_null (bk_ticket_store_open (other, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (unlink (link), ==, 0);

  g_assert_cmpint (mkdir (link, 0755), ==, 0);
  g_assert_null (bk_ticket_store_open (other, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_cmpint (rmdir (link), ==, 0);

  g_assert_cmpint (chmod (other, 0777), ==, 0);
  g_assert_null (bk_ticket_store_open (other, &error));
  g_assert_error (error, BK_ERROR, BK_ERROR_DENIED);
  g_assert_cmpint (rmdir (other), ==, 0);
}

static void
test_arguments_are_bound_by_value (void)
{
  g_autoptr (JsonNode) one =
      json_from_string ("{\"ids\":[\"a\",\"b\"],\"x\":{\"p\":1,\"q\":2}}", NULL);
  g_autoptr (JsonNode) same =
      json_from_string ("{\"x\":{\"q\":2,\"p\":1},\"ids\":[\"a\",\"b\"]}", NULL);
  g_autoptr (JsonNode) other =
      json_from_string ("{\"ids\":[\"b\",\"a\"],\"x\":{\"p\":1,\"q\":2}}", NULL);
  g_autofree char *first = bk_ticket_args_sha256 (json_node_get_object (one), NULL);
  g_autofree char *second = bk_ticket_args_sha256 (json_node_get_object (same), NULL);
  g_autofree char *third = bk_ticket_args_sha256 (json_node_get_object (other), NULL);

  g_assert_cmpstr (first, ==, second);
  g_assert_cmpstr (first, !=, third);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/store/ticket-store/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("session", test_session);
  ADD ("download-once", test_download_once);
  ADD ("download-race", test_download_race);
  ADD ("used-up", test_used_up);
  ADD ("renew", test_renew);
  ADD ("renew-nothing-else", test_renew_nothing_else);
  ADD ("revoke-all", test_revoke_all);
  ADD ("wrong-texts", test_wrong_texts);
  ADD ("secret-is-not-stored", test_secret_is_not_stored);
  ADD ("prune", test_prune);
  ADD ("hostile-directory", test_hostile_directory);
  g_test_add_func ("/store/ticket-store/arguments", test_arguments_are_bound_by_value);
  return g_test_run ();
}
