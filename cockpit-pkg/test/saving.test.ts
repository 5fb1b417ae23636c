import assert from "node:assert/strict";
import { test } from "node:test";

import type { Settings } from "../src/bridge/settings-views";
import { NOTHING_SAVED, saveBegins, saveEnds, withSaved } from "../src/settings/saving";
import { golden } from "./golden";

test("two settings are saved at once: each is pending until its own answer", () => {
  const both = saveBegins(saveBegins(NOTHING_SAVED, "merge_mode"), "verify");
  assert.deepEqual([...saveEnds(both, "merge_mode", null).pending], ["verify"]);
  assert.deepEqual([...saveEnds(both, "verify", null).pending], ["merge_mode"]);
});

test("why one was not taken stays until that one is", () => {
  const both = saveEnds(saveEnds(NOTHING_SAVED, "merge_mode", "no"), "verify", "busy");
  assert.deepEqual(both.wrong, { merge_mode: "no", verify: "busy" });
  assert.deepEqual(saveEnds(both, "merge_mode", null).wrong, { verify: "busy" });
});

test("answers that cross leave both values", () => {
  const before = golden("settings.json") as Settings;
  const first = { ...before, merge_mode: "copy" };
  const second = { ...first, verify: "yes", repository_free_bytes: 5 };
  const after = withSaved(withSaved(before, "verify", second), "merge_mode", { ...first, repository_free_bytes: 4 });
  assert.equal(after.merge_mode, "copy");
  assert.equal(after.verify, "yes");
  assert.equal(after.repository_free_bytes, 4);
});
