#include "model/event-chain.h"

#include <string.h>

#define EMPTY_HASH "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" /* of {} */
#define COUNT 9
#define PER_SEGMENT 3

typedef struct
{
  BkEvent event;
  char id[16];
  char previous_hash[BK_SHA256_HEX_LENGTH + 1];
  char current_hash[BK_SHA256_HEX_LENGTH + 1];
} Own;

/* Nine events in three segments: numbers @first to @first + 8. */
static void
make_log (Own *log, guint64 hash_version)
{
  g_autoptr (BkEventHasher) hasher = bk_event_hasher_new ();

  memset (log, 0, sizeof *log * COUNT);
  for (guint i = 0; i < COUNT; i++)
    {
      Own *own = &log[i];

      g_snprintf (own->id, sizeof own->id, "evt-%u", i + 1);
      own->event = (BkEvent){
        .id = bk_text (own->id),
        .timestamp = bk_text ("2025-12-23T10:00:00.000Z"),
        .actor = bk_text ("Ana"),
        .evento = bk_text ("CRIADO"),
        .entidade = bk_text ("episodio"),
        .entidade_id = bk_text ("ep-1"),
        .payload_hash = bk_text (EMPTY_HASH),
        .hash_version = hash_version,
        .seq = hash_version > 0 ? i + 1 : 0,
        .payload = hash_version > 0 ? bk_text ("{}") : bk_text (NULL),
      };
      if (i > 0)
        {
          memcpy (own->previous_hash, log[i - 1].current_hash, sizeof own->previous_hash);
          own->event.previous_hash = bk_text (own->previous_hash);
        }
      bk_event_hasher_event (hasher, &own->event, own->current_hash);
      own->event.current_hash = bk_text (own->current_hash);
    }
}

static BkEventSnapshot
snapshot_of (Own *log, guint index)
{
  return (BkEventSnapshot){
    .last_segment = index / PER_SEGMENT + 1,
    .last_index_in_segment = index % PER_SEGMENT,
    .last_event_id = log[index].id,
    .last_current_hash = log[index].current_hash,
    .last_timestamp = (char *) "2025-12-23T10:00:00.000Z",
    .total_events = index + 1,
  };
}

typedef struct
{
  gboolean fast;
  const BkEventSnapshot *snapshot;
  const BkEventAnchor *anchor;
  const BkEventAnchor *pruning; /* what the last event says */
  int from_segment;
  int skip_segment;
} Feeding;

static BkChainVerdict *
feed (const Own *log, const Feeding *how)
{
  g_autoptr (BkEventChain) chain = bk_event_chain_new (how->fast, how->snapshot, how->anchor);

  for (guint i = 0; i < COUNT; i++)
    {
      guint64 segment = i / PER_SEGMENT + 1;

      if ((int) segment < how->from_segment || (int) segment == how->skip_segment ||
          !bk_event_chain_wants_segment (chain, segment))
        continue;
      if (i % PER_SEGMENT == 0)
        bk_event_chain_begin_segment (chain, segment);
      bk_event_chain_feed (chain, &log[i].event);
    }
  if (how->pruning != NULL)
    bk_event_chain_note_pruning (chain, how->pruning);
  return bk_event_chain_end (chain);
}

static void
assert_verdict (const Own *log,
                Feeding how,
                BkChainFault fault,
                BkChainScope scope,
                const char *broken_id,
                guint verified)
{
  g_autoptr (BkChainVerdict) verdict = feed (log, &how);

  if (verdict->fault != fault)
    g_test_message ("%s", verdict->message);
  g_assert_cmpstr (bk_chain_fault_to_string (verdict->fault), ==, bk_chain_fault_to_string (fault));
  g_assert_cmpstr (bk_chain_scope_to_string (verdict->scope), ==, bk_chain_scope_to_string (scope));
  g_assert_cmpstr (verdict->broken_event_id, ==, broken_id);
  g_assert_cmpuint (verdict->verified_count, ==, verified);
  g_assert_cmpint (verdict->message != NULL, ==, fault != BK_CHAIN_SOUND);
}

/* Computed by another program, from the words of the format's description. */
static void
test_vectors (void)
{
  Own log[COUNT];

  make_log (log, 0);
  g_assert_cmpstr (log[0].current_hash, ==,
                   "983a01bfb534266ae0768e6c9f164fa4348e36ffe5a350630eac0925899d31b6");
  make_log (log, 1);
  g_assert_cmpstr (log[0].current_hash, ==,
                   "b94c0271cf0bc234a877a1a52e464af82b8ccc1de569c114e58d4578b9c35756");
}

static void
test_sound (void)
{
  for (guint64 version = 0; version <= 1; version++)
    {
      Own log[COUNT];

      make_log (log, version);
      assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_SOUND, BK_CHAIN_FROM_GENESIS, NULL, COUNT);
      for (guint at = 0; at < COUNT; at++)
        {
          BkEventSnapshot snapshot = snapshot_of (log, at);

          assert_verdict (log, (Feeding){ .snapshot = &snapshot }, BK_CHAIN_SOUND,
                          BK_CHAIN_FROM_GENESIS, NULL, COUNT);
          /* the event of the snapshot itself is verified too */
          assert_verdict (log, (Feeding){ .snapshot = &snapshot, .fast = TRUE }, BK_CHAIN_SOUND,
                          BK_CHAIN_FROM_SNAPSHOT, NULL, COUNT - at);
        }
      assert_verdict (log, (Feeding){ .fast = TRUE }, BK_CHAIN_SOUND, BK_CHAIN_FROM_GENESIS, NULL,
                      COUNT);
    }
}

static void
test_changed (void)
{
  for (guint64 version = 0; version <= 1; version++)
    {
      Own log[COUNT];

      for (guint at = 0; at < COUNT; at++)
        {
          make_log (log, version);
          log[at].event.actor = bk_text ("Eva");
          assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, log[at].id,
                          at);
        }
      /* what the snapshot covers, a fast verification does not see, and does not claim */
      make_log (log, version);
      BkEventSnapshot snapshot = snapshot_of (log, 5);
      log[2].event.actor = bk_text ("Eva");
      assert_verdict (log, (Feeding){ .snapshot = &snapshot, .fast = TRUE }, BK_CHAIN_SOUND,
                      BK_CHAIN_FROM_SNAPSHOT, NULL, 4);
    }
}

/* Version 0 cannot tell them apart, which is why version 1 is there. */
static void
test_moved_delimiter (void)
{
  g_autoptr (BkEventHasher) hasher = bk_event_hasher_new ();
  Own log[COUNT];

  for (guint64 version = 0; version <= 1; version++)
    {
      char left[BK_SHA256_HEX_LENGTH + 1];
      char right[BK_SHA256_HEX_LENGTH + 1];

      make_log (log, version);
      log[4].event.actor = bk_text ("Ana|EVA");
      g_assert_true (bk_event_hasher_event (hasher, &log[4].event, left));
      log[4].event.actor = bk_text ("Ana");
      log[4].event.evento = bk_text ("EVA|CRIADO");
      g_assert_true (bk_event_hasher_event (hasher, &log[4].event, right));
      g_assert_cmpint (strcmp (left, right) == 0, ==, version == 0);
    }
}

static void
test_version_one_covers_all (void)
{
  Own log[COUNT];

  make_log (log, 1);
  log[4].event.id = bk_text ("evt-9");
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, "evt-9", 4);
  make_log (log, 1);
  log[4].event.seq = 6;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, "evt-5", 4);
  make_log (log, 1);
  log[4].event.payload = bk_text ("{\"a\":1}");
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, "evt-5", 4);
  make_log (log, 1);
  log[4].event.payload = bk_text (NULL);
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, "evt-5", 4);
  make_log (log, 1);
  log[4].event.has_more = TRUE;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, "evt-5", 4);
  make_log (log, 1);
  log[4].event.hash_version = 2;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_HASH, BK_CHAIN_FROM_GENESIS, "evt-5", 4);
  /* the same payload, written otherwise, is the same */
  make_log (log, 1);
  log[4].event.payload = bk_text (" { } ");
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_SOUND, BK_CHAIN_FROM_GENESIS, NULL, COUNT);
}

static void
swap (Own *log, guint a, guint b)
{
  BkEvent event = log[a].event;

  log[a].event = log[b].event;
  log[b].event = event;
}

static void
test_moved (void)
{
  Own log[COUNT];

  make_log (log, 0);
  swap (log, 3, 4);
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_LINK, BK_CHAIN_FROM_GENESIS, "evt-5", 3);
  make_log (log, 1);
  swap (log, 3, 4);
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_ORDER, BK_CHAIN_FROM_GENESIS, "evt-5", 3);
  /* twice */
  make_log (log, 0);
  log[4].event = log[3].event;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_LINK, BK_CHAIN_FROM_GENESIS, "evt-4", 4);
  make_log (log, 1);
  log[4].event = log[3].event;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_ORDER, BK_CHAIN_FROM_GENESIS, "evt-4", 4);
  /* the first one */
  make_log (log, 0);
  log[0].event = log[1].event;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_LINK, BK_CHAIN_FROM_GENESIS, "evt-2", 0);
  /* another log of the same program */
  Own other[COUNT];
  make_log (log, 1);
  make_log (other, 0);
  log[8].event = other[8].event;
  assert_verdict (log, (Feeding){ 0 }, BK_CHAIN_ORDER, BK_CHAIN_FROM_GENESIS, "evt-9", 8);
}

static void
test_missing_segments (void)
{
  Own log[COUNT];

  make_log (log, 0);
  assert_verdict (log, (Feeding){ .skip_segment = 2 }, BK_CHAIN_MISSING_SEGMENT,
                  BK_CHAIN_FROM_GENESIS, NULL, 3);
  /* nothing vouches for what was before: sound, but not from the beginning */
  assert_verdict (log, (Feeding){ .from_segment = 2 }, BK_CHAIN_SOUND, BK_CHAIN_FROM_FIRST_KEPT,
                  NULL, 6);
  /* other programs move their snapshot to the last event that they prune */
  BkEventSnapshot snapshot = snapshot_of (log, 2);
  assert_verdict (log, (Feeding){ .from_segment = 2, .snapshot = &snapshot }, BK_CHAIN_SOUND,
                  BK_CHAIN_FROM_ANCHOR, NULL, 6);
  /* our own log says when it was pruned */
  make_log (log, 1);
  assert_verdict (log, (Feeding){ .from_segment = 2 }, BK_CHAIN_MISSING_SEGMENT,
                  BK_CHAIN_FROM_FIRST_KEPT, NULL, 6);
  snapshot = snapshot_of (log, 8);
  assert_verdict (log, (Feeding){ .from_segment = 2, .snapshot = &snapshot, .fast = TRUE },
                  BK_CHAIN_SOUND, BK_CHAIN_FROM_SNAPSHOT, NULL, 1);
}

static void
test_anchor (void)
{
  Own log[COUNT];

  make_log (log, 1);
  BkEventAnchor anchor = { 2, log[2].current_hash, 3 };
  BkEventAnchor other = { 3, log[5].current_hash, 6 };
  BkEventAnchor wrong = { 2, log[3].current_hash, 3 };

  assert_verdict (log, (Feeding){ .from_segment = 2, .anchor = &anchor, .pruning = &anchor },
                  BK_CHAIN_SOUND, BK_CHAIN_FROM_ANCHOR, NULL, 6);
  /* killed before the old segments were removed */
  assert_verdict (log, (Feeding){ .anchor = &anchor, .pruning = &anchor }, BK_CHAIN_SOUND,
                  BK_CHAIN_FROM_ANCHOR, NULL, 6);
  /* killed before the anchor was written */
  assert_verdict (log, (Feeding){ .pruning = &anchor }, BK_CHAIN_SOUND, BK_CHAIN_FROM_GENESIS, NULL,
                  COUNT);
  /* the event alone is enough, and the anchor alone is not */
  assert_verdict (log, (Feeding){ .from_segment = 2, .pruning = &anchor }, BK_CHAIN_SOUND,
                  BK_CHAIN_FROM_ANCHOR, NULL, 6);
  assert_verdict (log, (Feeding){ .from_segment = 2, .anchor = &anchor }, BK_CHAIN_MISSING_SEGMENT,
                  BK_CHAIN_FROM_ANCHOR, NULL, 6);
  assert_verdict (log, (Feeding){ .from_segment = 2, .anchor = &anchor, .pruning = &other },
                  BK_CHAIN_MISSING_SEGMENT, BK_CHAIN_FROM_ANCHOR, NULL, 6);
  assert_verdict (log, (Feeding){ .from_segment = 2, .anchor = &wrong, .pruning = &wrong },
                  BK_CHAIN_LINK, BK_CHAIN_FROM_ANCHOR, "evt-4", 0);
  assert_verdict (log, (Feeding){ .from_segment = 3, .anchor = &anchor, .pruning = &anchor },
                  BK_CHAIN_MISSING_SEGMENT, BK_CHAIN_FROM_GENESIS, NULL, 0);
  assert_verdict (log, (Feeding){ .from_segment = 4, .anchor = &anchor, .pruning = &anchor },
                  BK_CHAIN_MISSING_SEGMENT, BK_CHAIN_FROM_GENESIS, NULL, 0);
}

static void
test_snapshot (void)
{
  for (guint64 version = 0; version <= 1; version++)
    {
      Own log[COUNT];
      BkEventSnapshot snapshot;

      make_log (log, version);
      for (guint fast = 0; fast <= 1; fast++)
        {
          guint verified = fast ? 0 : 4;

          snapshot = snapshot_of (log, 4);
          snapshot.last_event_id = log[5].id;
          assert_verdict (log, (Feeding){ .snapshot = &snapshot, .fast = fast },
                          BK_CHAIN_SNAPSHOT_MISMATCH,
                          fast ? BK_CHAIN_FROM_SNAPSHOT : BK_CHAIN_FROM_GENESIS, "evt-5", verified);
          snapshot = snapshot_of (log, 4);
          snapshot.last_current_hash = log[5].current_hash;
          assert_verdict (log, (Feeding){ .snapshot = &snapshot, .fast = fast },
                          BK_CHAIN_SNAPSHOT_MISMATCH,
                          fast ? BK_CHAIN_FROM_SNAPSHOT : BK_CHAIN_FROM_GENESIS, "evt-5", verified);
        }
      snapshot = snapshot_of (log, 4);
      snapshot.total_events = 6;
      assert_verdict (log, (Feeding){ .snapshot = &snapshot }, BK_CHAIN_SNAPSHOT_MISMATCH,
                      BK_CHAIN_FROM_GENESIS, "evt-5", 4);
      /* the end was cut off */
      snapshot = snapshot_of (log, 8);
      assert_verdict (log, (Feeding){ .snapshot = &snapshot, .skip_segment = 3 },
                      BK_CHAIN_SNAPSHOT_MISMATCH, BK_CHAIN_FROM_GENESIS, NULL, 6);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/event-chain/vectors", test_vectors);
  g_test_add_func ("/model/event-chain/sound", test_sound);
  g_test_add_func ("/model/event-chain/changed", test_changed);
  g_test_add_func ("/model/event-chain/moved-delimiter", test_moved_delimiter);
  g_test_add_func ("/model/event-chain/version-one-covers-all", test_version_one_covers_all);
  g_test_add_func ("/model/event-chain/moved", test_moved);
  g_test_add_func ("/model/event-chain/missing-segments", test_missing_segments);
  g_test_add_func ("/model/event-chain/anchor", test_anchor);
  g_test_add_func ("/model/event-chain/snapshot", test_snapshot);
  return g_test_run ();
}
