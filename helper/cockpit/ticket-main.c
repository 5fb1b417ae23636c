/*
 * The command "ticket", for the page of a user who is not root: Cockpit runs it as root once the user
 * has administrative access. A ticket never stands in a command line, which everybody may read; its id
 * may.
 */
#include "cockpit/ticket.h"

#include "base/error.h"
#include "base/gettext.h"
#include "cockpit/user.h"
#include "format/json.h"
#include "format/ticket-json.h"
#include "model/event.h"
#include "store/event-log/event-log.h"
#include "store/state/settings-file.h"
#include "store/state/ticket-store.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX_BYTES (64 * 1024)

typedef struct
{
  char *config_path;
  char *user;
  char *operation;
  gint lifetime_seconds;
  BkTicketStore *store;
  const char *state_dir; /* of the event log */
  BkBootTime now;
} Ticket;

static gboolean
wrong (GError **error, const char *what)
{
  bk_set_error (error, BK_ERROR_USAGE, "%s", what);
  return FALSE;
}

/* Whom it is for: who is named, else the person behind sudo or pkexec. */
static gboolean
find_user (const Ticket *self, guint32 *uid, GError **error)
{
  const char *user = self->user;

  if (user == NULL)
    user = g_getenv ("PKEXEC_UID");
  if (user == NULL)
    user = g_getenv ("SUDO_UID");
  if (user == NULL)
    return wrong (error, _ ("Say whom the ticket is for: --user NAME or --user UID"));
  if (!bk_user_find (user, uid, error))
    return FALSE;
  return *uid != 0 || wrong (error, _ ("Root needs no ticket"));
}

static char *
read_args_sha256 (GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[4096];
  ssize_t n;

  while ((n = read (STDIN_FILENO, buffer, sizeof buffer)) > 0 && bytes->len <= ARGS_MAX_BYTES)
    g_byte_array_append (bytes, buffer, (guint) n);
  if (n < 0 || bytes->len > ARGS_MAX_BYTES)
    {
      wrong (error, _ ("The arguments on standard input cannot be read, or are too long"));
      return NULL;
    }
  g_autoptr (JsonObject) args = bk_json_parse_object ((const char *) bytes->data, bytes->len,
                                                      _ ("What stands on standard input"), error);
  return args == NULL ? NULL : bk_ticket_args_sha256 (args, error);
}

static void
print_ticket (const char *id, const char *text, guint lifetime_seconds)
{
  JsonObject *object = json_object_new ();
  g_autoptr (JsonNode) node = bk_json_object_node (object);

  json_object_set_string_member (object, "id", id);
  if (text != NULL)
    json_object_set_string_member (object, "ticket", text);
  json_object_set_int_member (object, "lifetime_seconds", lifetime_seconds);
  g_autofree char *line = bk_json_to_text (node, FALSE);
  g_print ("%s\n", line);
}

/* Who was let in, and for what. The ticket is good all the same where that cannot be recorded: whoever
 * comes to mend it needs one. */
static void
record_issue (const Ticket *self, const BkTicketRequest *request, const char *id)
{
  g_autofree char *user = bk_user_dup_name (request->uid);
  g_autoptr (JsonObject) payload = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_int_member (payload, "uid", request->uid);
  bk_json_set_string_or_null (payload, "operation", request->operation);
  json_object_set_int_member (payload, "lifetime_seconds", request->lifetime_seconds);
  if (bk_event_record (self->state_dir, user, BK_EVENT_ACCESS_GRANTED, "ticket", id, payload, &error))
    return;
  g_autofree char *text = g_strdup_printf (
      _ ("“%s” of “%s” is not in the event log: %s. Mend that, and note it by hand"),
      BK_EVENT_ACCESS_GRANTED, user, error->message);
  g_autofree char *line = bk_error_one_line (text);
  g_printerr ("cockpit-backup: %s\n", line);
}

static gboolean
issue_ticket (const Ticket *self, const char *word, GError **error)
{
  g_autofree char *args_sha256 = NULL;
  BkTicketRequest request = {
    .lifetime_seconds = (guint) self->lifetime_seconds,
    .operation = self->operation,
  };

  if (word != NULL)
    return wrong (error, _ ("ticket issue takes options only"));
  if (!find_user (self, &request.uid, error))
    return FALSE;
  if (self->operation != NULL)
    {
      if (strlen (self->operation) > BK_TICKET_OPERATION_MAX_BYTES ||
          !g_utf8_validate (self->operation, -1, NULL))
        return wrong (error, _ ("No operation has such a name"));
      args_sha256 = read_args_sha256 (error);
      if (args_sha256 == NULL)
        return FALSE;
      request.args_sha256 = args_sha256;
    }
  g_autofree char *text = bk_ticket_store_issue (self->store, &request, &self->now, error);
  if (text == NULL)
    return FALSE;
  g_autofree char *id = g_strndup (text, BK_TICKET_ID_LENGTH);
  record_issue (self, &request, id);
  print_ticket (id, text, request.lifetime_seconds);
  return TRUE;
}

static gboolean
renew_ticket (const Ticket *self, const char *word, GError **error)
{
  if (word == NULL)
    return wrong (error, _ ("ticket renew takes the id of a ticket"));
  if (!bk_ticket_store_renew (self->store, word, (guint) self->lifetime_seconds, &self->now, error))
    return FALSE;
  print_ticket (word, NULL, (guint) self->lifetime_seconds);
  return TRUE;
}

static gboolean
revoke_ticket (const Ticket *self, const char *word, GError **error)
{
  guint32 uid;
  g_autoptr (GError) local = NULL;

  if ((word == NULL) == (self->user == NULL))
    return wrong (error,
                  _ ("ticket revoke takes the id of a ticket, or --user for all of a user's"));
  if (word != NULL)
    return bk_ticket_store_revoke (self->store, word, error);
  if (!bk_user_find (self->user, &uid, error))
    return FALSE;
  bk_ticket_store_revoke_all (self->store, uid, &local);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static const struct
{
  const char *name;
  gboolean (*run) (const Ticket *self, const char *word, GError **error);
} commands[] = {
  { "issue", issue_ticket },
  { "renew", renew_ticket },
  { "revoke", revoke_ticket },
};

static gboolean
run (Ticket *self, const char *command, const char *word, GError **error)
{
  g_auto (GStrv) environment = g_get_environ ();

  if (geteuid () != 0)
    {
      bk_set_error (error, BK_ERROR_DENIED, "Only root issues tickets");
      return FALSE;
    }
  if (self->lifetime_seconds < BK_TICKET_LIFETIME_MIN_SECONDS ||
      self->lifetime_seconds > BK_TICKET_LIFETIME_MAX_SECONDS)
    return wrong (error, _ ("A ticket lives for 1 to 3600 seconds"));

  g_autoptr (BkSettings) settings = bk_settings_load (self->config_path, environment, error);
  if (settings == NULL || !bk_boot_time_now (&self->now, error))
    return FALSE;
  self->state_dir = settings->state_dir;
  self->store = bk_ticket_store_open (settings->runtime_dir, error);
  if (self->store == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_str_equal (commands[i].name, command))
        return commands[i].run (self, word, error);
    }
  return wrong (error, _ ("ticket takes issue, renew or revoke"));
}

static void
clear (Ticket *self)
{
  g_clear_pointer (&self->store, bk_ticket_store_free);
  g_free (self->config_path);
  g_free (self->user);
  g_free (self->operation);
}

/**
 * bk_ticket_main:
 *
 * "cockpit-backup ticket issue|renew|revoke", as root.
 *
 * Returns: the exit status.
 */
int
bk_ticket_main (int argc, char **argv)
{
  Ticket self = { .lifetime_seconds = BK_TICKET_LIFETIME_SECONDS };
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &self.config_path, _ ("Read the settings from FILE"),
      "FILE" },
    { "user", 0, 0, G_OPTION_ARG_STRING, &self.user, _ ("The user, by name or number"), "USER" },
    { "operation", 0, 0, G_OPTION_ARG_STRING, &self.operation,
      _ ("Good once, for this operation with the arguments on standard input, a JSON object"),
      "NAME" },
    { "lifetime", 0, 0, G_OPTION_ARG_INT, &self.lifetime_seconds,
      _ ("How long it is good for (1–3600, else 300)"), "SECONDS" },
    { NULL },
  };
  g_autoptr (GOptionContext) parser =
      g_option_context_new (_ ("issue|renew ID|revoke [ID] - what lets a user use the service"));
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (parser, entries, NULL);
  if (!g_option_context_parse (parser, &argc, &argv, &error) || argc < 2 || argc > 3)
    {
      g_printerr ("cockpit-backup: %s\n",
                  error != NULL ? error->message : _ ("ticket takes issue, renew or revoke"));
      clear (&self);
      return 2;
    }
  run (&self, argv[1], argc == 3 ? argv[2] : NULL, &error);
  clear (&self);
  if (error == NULL)
    return 0;
  g_autofree char *line = bk_error_one_line (error->message);
  g_printerr ("cockpit-backup: %s\n", line);
  return bk_error_exit_status (error);
}
