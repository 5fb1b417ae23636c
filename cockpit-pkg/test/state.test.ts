import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { type Action, type State, backupId, initialState, reduce } from "../src/state/state";
import { aBackup, aJob, aVm } from "./fakes";

const after = (...actions: Action[]): State => actions.reduce(reduce, initialState);
const names = (state: State) => [...state.vms.byId.values()].map(({ name }) => name);

const a = aVm({ name: "a", uuid: "1" });
const b = aVm({ name: "b", uuid: "2" });
const listed: Action = { type: "vms-listed", unusedImages: [] };
const lost = { problem: "disconnected", message: null };

describe("state: machines", () => {
  test("are loading until the first listing is complete", () => {
    const state = after({ type: "vms-opened" }, { type: "vms-items", items: [a] });
    assert.equal(state.vms.load.phase, "loading");
    assert.equal(reduce(state, listed).vms.load.phase, "ready");
  });

  test("change and go as the watch says", () => {
    const state = after(
      { type: "vms-opened" },
      { type: "vms-items", items: [a, b] },
      listed,
      { type: "vms-select", uuids: ["1", "2"], selected: true },
      { type: "vms-items", items: [{ ...a, name: "renamed" }, { uuid: "2", removed: true }] },
    );
    assert.deepEqual(names(state), ["renamed"]);
    assert.deepEqual([...state.vms.selected], ["1"]);
  });

  test("that a new listing does not name are gone, and not before it is complete", () => {
    const known = after({ type: "vms-opened" }, { type: "vms-items", items: [a, b] }, listed);
    const again = [{ type: "vms-opened" }, { type: "vms-items", items: [b] }] satisfies Action[];
    const during = again.reduce<State>(reduce, known);
    assert.deepEqual(names(during), ["a", "b"]);
    assert.deepEqual(names(reduce(during, listed)), ["b"]);
  });

  test("stay in view when the watch is lost, with a word that they may be old", () => {
    const state = after({ type: "vms-opened" }, { type: "vms-items", items: [a] }, listed, {
      type: "vms-closed",
      problem: lost,
    });
    assert.deepEqual(names(state), ["a"]);
    assert.equal(state.vms.load.phase, "ready");
    assert.deepEqual(state.vms.lost, lost);
    assert.equal(reduce(reduce(state, { type: "vms-opened" }), listed).vms.lost, null);
  });

  test("that were never listed are a failure", () => {
    assert.deepEqual(after({ type: "vms-closed", problem: lost }).vms.load, { phase: "failed", problem: lost });
  });

  test("a search goes back to the first page", () => {
    const state = after({ type: "vms-paging", paging: { page: 3, perPage: 20 } }, { type: "vms-search", search: "x" });
    assert.deepEqual(state.vms.paging, { page: 1, perPage: 20 });
  });
});

describe("state: backups", () => {
  const first = aBackup({ id: "one" });
  const second = aBackup({ id: "two" });

  test("stay in view while they are listed anew, then those that are gone are not selected", () => {
    const known = after(
      { type: "backups-opened" },
      { type: "backups-items", items: [first] },
      { type: "backups-items", items: [second] },
      { type: "backups-closed", problem: null },
      { type: "backups-select", ids: [backupId(first), backupId(second)], selected: true },
    );
    assert.deepEqual(known.backups.list.map(({ id }) => id), ["one", "two"]);
    const again = [{ type: "backups-opened" }, { type: "backups-items", items: [second] }] satisfies Action[];
    const during = again.reduce<State>(reduce, known);
    assert.equal(during.backups.list.length, 2);
    const done = reduce(during, { type: "backups-closed", problem: null });
    assert.deepEqual(done.backups.list, [second]);
    assert.deepEqual([...done.backups.selected], [backupId(second)]);
  });

  test("none at all is an empty list, not a loading one", () => {
    const state = after({ type: "backups-opened" }, { type: "backups-closed", problem: null });
    assert.equal(state.backups.load.phase, "ready");
  });
});

describe("state: jobs", () => {
  const running = aJob();
  const over = aJob({ state: "completed", finished_at: "2026-11-20T02:05:00.000Z" });

  test("one that ends while it is watched is told of, once", () => {
    const state = after(
      { type: "job-changed", job: running },
      { type: "job-changed", job: over },
      { type: "job-changed", job: over },
    );
    assert.deepEqual(state.jobs.ended, [running.id]);
    assert.deepEqual(reduce(state, { type: "job-put-away", id: running.id }).jobs.ended, []);
  });

  test("of many that ended while nobody looked the newest are told of", () => {
    const nights = Array.from({ length: 30 }, (_unused, night): Action[] => [
      { type: "job-changed", job: { ...running, id: String(night) } },
      { type: "job-changed", job: { ...over, id: String(night) } },
    ]).flat();
    assert.deepEqual(after(...nights).jobs.ended, ["29", "28", "27", "26", "25"]);
  });

  test("one that was over before is history", () => {
    assert.deepEqual(after({ type: "jobs-items", items: [over] }, { type: "jobs-listed" }).jobs.ended, []);
  });

  test("one that is over when it is first heard of is told of, once, whoever is the first to hear", () => {
    const watched: Action = { type: "jobs-items", items: [over] };
    const started: Action = { type: "job-changed", job: over };
    for (const news of [[watched, started], [started, watched]]) {
      const state = after({ type: "jobs-listed" }, ...news);
      assert.deepEqual(state.jobs.ended, [over.id]);
      const away = reduce(state, { type: "job-put-away", id: over.id });
      assert.deepEqual(news.reduce(reduce, away).jobs.ended, []);
    }
  });

  test("a failed listing does not hide what is known", () => {
    const state = after({ type: "jobs-items", items: [running] }, { type: "jobs-listed" }, {
      type: "jobs-closed",
      problem: lost,
    });
    assert.equal(state.jobs.load.phase, "ready");
  });
});

describe("state: notices", () => {
  test("each has a number of its own, also after one was put away", () => {
    const notice: Action = { type: "notice", what: "export-failed", problem: lost };
    const state = after(notice, { type: "notice-put-away", id: 0 }, notice);
    assert.deepEqual(state.notices.map(({ id }) => id), [1]);
  });
});
