#include "model/ticket.h"

#include <string.h>

#define BOOT "6f6e1b5e-0000-4000-8000-000000000001"
#define ID "0123456789abcdef"
#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ARGS "aa112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "bb112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct
{
  const char *name;
  const char *text;
  gboolean is_good;
} texts[] = {
  { "good", ID "-" SECRET, TRUE },
  { "empty", "", FALSE },
  { "id-only", ID, FALSE },
  { "no-secret", ID "-", FALSE },
  { "too-short", ID "-0011", FALSE },
  { "too-long", ID "-" SECRET "0", FALSE },
  { "no-dash", ID "0" SECRET, FALSE },
  { "upper-case", "0123456789ABCDEF-" SECRET, FALSE },
  { "path", "../../etc/passwd-" SECRET, FALSE },
  { "space", " 123456789abcdef-" SECRET, FALSE },
};

static void
test_text (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  char id[BK_TICKET_ID_LENGTH + 1];
  char secret_sha256[BK_SHA256_HEX_LENGTH + 1];

  g_assert_cmpint (bk_ticket_text_split (texts[i].text, id, secret_sha256), ==, texts[i].is_good);
  if (!texts[i].is_good)
    return;
  g_autofree char *expected = bk_sha256_hex_of (SECRET, strlen (SECRET));
  g_assert_cmpstr (id, ==, ID);
  g_assert_cmpstr (secret_sha256, ==, expected);
}

static void
test_text_is_read_as_it_is_written (void)
{
  const guint8 secret[BK_SHA256_BYTES] = { 0x00, 0x01, 0xfe, 0xff };
  g_autofree char *text = bk_ticket_text_new (ID, secret);
  char id[BK_TICKET_ID_LENGTH + 1];
  char secret_sha256[BK_SHA256_HEX_LENGTH + 1];

  g_assert_cmpuint (strlen (text), ==, BK_TICKET_TEXT_LENGTH);
  g_assert_true (g_str_has_prefix (text, ID "-0001feff00"));
  g_assert_true (bk_ticket_text_split (text, id, secret_sha256));
}

static const struct
{
  const char *name;
  BkTicketKind kind;
  const char *secret;
  BkTicketUse use;
  gint64 now_usecs;
  const char *boot_id;
  BkTicketVerdict verdict;
} checks[] = {
  { "session", BK_TICKET_SESSION, SECRET, { 1000, "vm.list", ARGS }, 99, BOOT, BK_TICKET_GOOD },
  { "session-any-operation",
    BK_TICKET_SESSION,
    SECRET,
    { 1000, "vm.backup", OTHER },
    99,
    BOOT,
    BK_TICKET_GOOD },
  { "session-no-operation",
    BK_TICKET_SESSION,
    SECRET,
    { 1000, NULL, ARGS },
    99,
    BOOT,
    BK_TICKET_GOOD },
  { "wrong-secret",
    BK_TICKET_SESSION,
    OTHER,
    { 1000, "vm.list", ARGS },
    99,
    BOOT,
    BK_TICKET_UNKNOWN },
  { "wrong-secret-says-nothing-more",
    BK_TICKET_SESSION,
    OTHER,
    { 1001, "vm.list", ARGS },
    200,
    BOOT,
    BK_TICKET_UNKNOWN },
  { "other-user",
    BK_TICKET_SESSION,
    SECRET,
    { 1001, "vm.list", ARGS },
    99,
    BOOT,
    BK_TICKET_OTHER_USER },
  { "last-instant",
    BK_TICKET_SESSION,
    SECRET,
    { 1000, "vm.list", ARGS },
    99,
    BOOT,
    BK_TICKET_GOOD },
  { "expired", BK_TICKET_SESSION, SECRET, { 1000, "vm.list", ARGS }, 100, BOOT, BK_TICKET_EXPIRED },
  { "of-an-earlier-start",
    BK_TICKET_SESSION,
    SECRET,
    { 1000, "vm.list", ARGS },
    1,
    "6f6e1b5e-0000-4000-8000-000000000002",
    BK_TICKET_EXPIRED },
  { "download",
    BK_TICKET_DOWNLOAD,
    SECRET,
    { 1000, "backup.export", ARGS },
    99,
    BOOT,
    BK_TICKET_GOOD },
  { "download-other-operation",
    BK_TICKET_DOWNLOAD,
    SECRET,
    { 1000, "vm.list", ARGS },
    99,
    BOOT,
    BK_TICKET_OTHER_USE },
  { "download-no-operation",
    BK_TICKET_DOWNLOAD,
    SECRET,
    { 1000, NULL, ARGS },
    99,
    BOOT,
    BK_TICKET_OTHER_USE },
  { "download-other-arguments",
    BK_TICKET_DOWNLOAD,
    SECRET,
    { 1000, "backup.export", OTHER },
    99,
    BOOT,
    BK_TICKET_OTHER_USE },
  { "download-expired",
    BK_TICKET_DOWNLOAD,
    SECRET,
    { 1000, "backup.export", ARGS },
    100,
    BOOT,
    BK_TICKET_EXPIRED },
};

static void
test_check (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  const BkTicket ticket = {
    .id = (char *) ID,
    .secret_sha256 = (char *) SECRET,
    .kind = checks[i].kind,
    .uid = 1000,
    .boot_id = (char *) BOOT,
    .expires_usecs = 100,
    .operation = checks[i].kind == BK_TICKET_DOWNLOAD ? (char *) "backup.export" : NULL,
    .args_sha256 = checks[i].kind == BK_TICKET_DOWNLOAD ? (char *) ARGS : NULL,
  };
  BkBootTime now = { .usecs = checks[i].now_usecs };

  g_strlcpy (now.boot_id, checks[i].boot_id, sizeof now.boot_id);
  g_assert_cmpint (bk_ticket_check (&ticket, checks[i].secret, &checks[i].use, &now), ==,
                   checks[i].verdict);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = g_strconcat ("/model/ticket/text/", texts[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_text);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_autofree char *path = g_strconcat ("/model/ticket/check/", checks[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_check);
    }
  g_test_add_func ("/model/ticket/text/written", test_text_is_read_as_it_is_written);
  return g_test_run ();
}
