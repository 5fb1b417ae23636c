import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { chainsOf, dependentsOf, isPinned, shortened } from "../src/backups/chain";
import { freeName, obstacleAt, restoreArgs } from "../src/backups/restore-form";
import { isVmRestorePlan } from "../src/bridge/views";
import { backupKindName } from "../src/words/texts";
import { aBackup } from "./fakes";
import { golden } from "./golden";

const point = (id: string, parent: string | null, step: string, changes = {}) =>
  aBackup({
    id,
    parent_backup_id: parent,
    type: parent === null ? "full" : "incremental",
    created_at: `2026-11-${id.slice(-2)}T02:00:00.000Z`,
    extra: { step },
    ...changes,
  });

const base = point("base-01", null, "base");
const first = point("inc-02", "base-01", "incremental");
const second = point("inc-03", "inc-02", "incremental");
const merged = point("merged-04", null, "merged");
const copy = point("copy-05", null, "standalone", { type: "snapshot" });
const pinned = point("pin-06", null, "standalone", { type: "checkpoint", tags: ["before the upgrade"] });
const next = point("base-07", null, "base");
const all = [pinned, second, next, merged, first, copy, base];
const ids = (backups: readonly { id: string }[]) => backups.map(({ id }) => id);

describe("chains", () => {
  test("packages of an event log are full, and need nothing", () => {
    const cold = aBackup({ project_id: "event-log/default", type: "full", extra: { step: "event-log" }, parent_backup_id: null });
    assert.deepEqual(chainsOf([cold]), { chains: [], alone: [cold] });
    assert.equal(backupKindName(cold), "full");
  });

  test("a base and what continues it, the oldest first; a base alone is the beginning of one", () => {
    const { chains, alone } = chainsOf(all);
    assert.deepEqual(chains.map(({ points }) => ids(points)), [["base-01", "inc-02", "inc-03"], ["base-07"]]);
    assert.deepEqual(ids(alone), ["merged-04", "copy-05", "pin-06"]);
  });

  test("what failed is in none", () => {
    const failed = point("base-08", null, "base", { status: "failed" });
    assert.deepEqual(chainsOf([failed]), { chains: [], alone: [] });
  });

  test("an incremental whose parent is gone is a chain that begins with it", () => {
    assert.deepEqual(chainsOf([second]).chains.map(({ points }) => ids(points)), [["inc-03"]]);
  });

  test("what needs a backup, through others too", () => {
    assert.deepEqual(ids(dependentsOf(base, all)), ["inc-02", "inc-03"]);
    assert.deepEqual(ids(dependentsOf(second, all)), []);
    assert.deepEqual(ids(dependentsOf(merged, all)), []);
  });

  test("a ring of hostile records ends", () => {
    const ring = [point("a-01", "b-02", "incremental"), point("b-02", "a-01", "incremental")];
    assert.deepEqual(chainsOf(ring).chains, []);
    assert.deepEqual(ids(dependentsOf(ring[0]!, ring)), ["b-02"]);
  });

  test("a long one shows its beginning and its newest", () => {
    const points = Array.from({ length: 20 }, (_unused, index) => point(`x-${index}`, null, "base"));
    const { first: begin, hidden, last } = shortened(points, 8);
    assert.deepEqual([ids(begin), hidden, last.length], [["x-0"], 13, 6]);
    assert.equal(begin.length + hidden + last.length, 20);
    assert.deepEqual(shortened(points.slice(0, 8), 8), { first: points.slice(0, 8), hidden: 0, last: [] });
  });

  test("a pinned copy is one; a merged one that was pinned stays merged", () => {
    assert.equal(backupKindName(pinned), "checkpoint");
    assert.ok(isPinned(pinned));
    assert.equal(backupKindName({ ...merged, type: "checkpoint" }), "merged");
    assert.equal(backupKindName(base), "base");
    assert.equal(backupKindName(aBackup({ extra: undefined, type: "incremental" })), "incremental");
  });
});

describe("restore", () => {
  const form = { mode: "new", name: " web2 ", images: "/images", directory: "/out", overwrite: false } as const;

  test("a name that is free is offered", () => {
    assert.equal(freeName("web1", new Set()), "web1-restored");
    assert.equal(freeName("web1", new Set(["web1-restored", "web1-restored-2"])), "web1-restored-3");
  });

  test("only what belongs to the way is sent", () => {
    assert.deepEqual(restoreArgs("x", form), { id: "x", as: "web2", directory: "/images" });
    assert.deepEqual(restoreArgs("x", { ...form, mode: "directory", overwrite: true }), { id: "x", directory: "/out", overwrite: true });
    assert.deepEqual(restoreArgs("x", { ...form, mode: "in-place", overwrite: true }), { id: "x", in_place: true });
  });

  test("what stands in the way is told at its field", () => {
    const plan = golden("vm-restore-plan.json");
    assert.ok(isVmRestorePlan(plan));
    assert.match(obstacleAt(plan, "as") ?? "", /already/);
    assert.equal(obstacleAt(plan, "directory"), null);
    assert.equal(obstacleAt(null, "as"), null);
  });
});
