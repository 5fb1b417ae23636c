import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { backupFinding } from "../src/bridge/views";
import { canBackUp, canExport, groupByProject, pageOf, protection, visibleBackups, visibleVms } from "../src/state/select";
import type { Sort, VmSort } from "../src/state/state";
import { backupStatusName } from "../src/words/texts";
import { aBackup, aVm } from "./fakes";

const byName: Sort<VmSort> = { by: "name", descending: false };

describe("select: machines", () => {
  const web10 = aVm({ name: "web10", uuid: "1", total_bytes: 1, state: "running" });
  const web2 = aVm({ name: "web2", uuid: "2", total_bytes: 3, state: "shutoff", last_backup: null });
  const all = [web10, web2];

  test("stand in an order a person expects: web2 before web10", () => {
    assert.deepEqual(visibleVms(all, "", byName), [web2, web10]);
  });

  test("by size, either way", () => {
    assert.deepEqual(visibleVms(all, "", { by: "size", descending: false }), [web10, web2]);
    assert.deepEqual(visibleVms(all, "", { by: "size", descending: true }), [web2, web10]);
  });

  test("that were never backed up come first by the age of their last backup", () => {
    assert.deepEqual(visibleVms(all, "", { by: "last-backup", descending: false }), [web2, web10]);
  });

  const searches: [string, number][] = [
    ["", 2],
    ["WEB2", 1],
    ["shutoff", 1],
    ["web1-data.img", 2],
    ["web2 running", 0],
    ["  ", 2],
  ];
  for (const [search, count] of searches) {
    test(`searched for “${search}”`, () => {
      assert.equal(visibleVms(all, search, byName).length, count);
    });
  }

  test("are protected by a backup, and not much longer than a week by an old one", () => {
    const at = (days: number) => new Date(Date.parse(last) + days * 86_400_000);
    const last = aVm().last_backup?.created_at ?? "";
    assert.equal(protection(aVm({ last_backup: null }), at(0)), "none");
    assert.equal(protection(aVm(), at(6.9)), "good");
    assert.equal(protection(aVm(), at(7.1)), "old");
  });

  test("that a job works on, or that have nothing to back up, are not given to another", () => {
    assert.ok(canBackUp(aVm()));
    assert.ok(!canBackUp(aVm({ job_id: "x" })));
    assert.ok(!canBackUp(aVm({ disks: aVm().disks.filter(({ backup }) => backup === "none") })));
  });
});

describe("select: backups", () => {
  const all = { search: "", kind: "", status: "" };
  const older = aBackup({ id: "a", created_at: "2026-11-18T02:00:00.000Z" });
  const newer = aBackup({ id: "b", created_at: "2026-11-19T02:00:00.000Z" });
  const other = aBackup({ id: "c", project_id: "vm/db1", status: "failed" });

  test("stand under their projects, the newest first", () => {
    const shown = visibleBackups([older, other, newer], all, { by: "created", descending: true });
    assert.deepEqual(shown, [other, newer, older]);
    assert.deepEqual(
      groupByProject(shown).map(({ name, backups }) => [name, backups.length]),
      [["db1", 1], ["web1", 2]],
    );
  });

  test("machines come first, then files, then event logs, each told by what it is", () => {
    const projects = ["event-log/default", "tree/host1/etc", "vm/web1", "tree/host1/a", "event-log/site", "vm/db1"];
    const shown = visibleBackups(projects.map((project_id) => aBackup({ project_id })), all, { by: "created", descending: true });
    assert.deepEqual(
      groupByProject(shown).map(({ name }) => name),
      ["db1", "web1", "Files: host1/a", "Files: host1/etc", "Event log", "Event log: site"],
    );
  });

  test("found damaged have a status of their own, to be searched and filtered by", () => {
    const broken = { at: "2026-11-21T03:00:00.000Z", message: "It differs" };
    const damaged = aBackup({ id: "d", extra: { step: "base", broken } });
    const sort = { by: "status", descending: false } as const;
    assert.equal(backupStatusName(damaged), "damaged");
    assert.deepEqual(backupFinding(damaged), broken);
    for (const filter of [{ status: "damaged" }, { search: "damaged" }]) {
      assert.deepEqual(visibleBackups([older, damaged, other], { ...all, ...filter }, sort), [damaged]);
    }
    assert.deepEqual(visibleBackups([damaged, older], { ...all, status: "completed" }, sort), [older]);
    // What is not such a finding is none.
    for (const strange of [undefined, null, "yes", { at: 1, message: "x" }, { at: broken.at }]) {
      assert.equal(backupStatusName(aBackup({ extra: { broken: strange } })), "completed");
    }
    assert.equal(backupStatusName(aBackup({ status: "failed", extra: { broken } })), "failed");
  });

  test("only completed ones are exported", () => {
    assert.ok(canExport(older));
    assert.ok(!canExport(other));
  });
});

describe("select: pages", () => {
  const list = [1, 2, 3, 4, 5];
  const cases: [number, number, number[]][] = [
    [1, 1, [1, 2]],
    [3, 3, [5]],
    [9, 3, [5]],
    [0, 1, [1, 2]],
  ];
  for (const [page, shown, rows] of cases) {
    test(`page ${page} of 3`, () => {
      assert.deepEqual(pageOf(list, { page, perPage: 2 }), { rows, page: shown });
    });
  }

  test("an empty list has one page", () => {
    assert.deepEqual(pageOf([], { page: 4, perPage: 2 }), { rows: [], page: 1 });
  });
});
