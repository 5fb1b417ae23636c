import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import type { Guard } from "../src/bridge/shape";
import {
  isBackup,
  isBackupDeletePlan,
  isJob,
  isLogLine,
  isVm,
  isVmBackupPlan,
  isVmBackupResult,
  isVmListResult,
  isVmRemoved,
  isVmRestorePlan,
  vmBackupResult,
} from "../src/bridge/views";
import { golden } from "./golden";

const views: Record<string, Guard<object>> = {
  "backup.json": isBackup,
  "backup-damaged.json": isBackup,
  "backup-delete-plan.json": isBackupDeletePlan,
  "job.json": isJob,
  "job-failed.json": isJob,
  "log-line.json": isLogLine,
  "vm.json": isVm,
  "vm-removed.json": isVmRemoved,
  "vm-list-result.json": isVmListResult,
  "vm-backup-plan.json": isVmBackupPlan,
  "vm-backup-result.json": isVmBackupResult,
  "vm-restore-plan.json": isVmRestorePlan,
};

describe("views", () => {
  for (const [name, guard] of Object.entries(views)) {
    test(`${name} is what the page takes`, () => {
      assert.ok(guard(golden(name)));
    });

    test(`${name} with a member missing or of another type is not`, () => {
      const view = golden(name) as Record<string, unknown>;
      for (const member of Object.keys(view)) {
        if (!checked(guard, view, member)) {
          continue;
        }
        assert.ok(!guard({ ...view, [member]: Symbol("wrong") }), `${member} of another type`);
      }
    });
  }

  /* Members that only tell more, and that the page does not read, may be anything. */
  function checked(guard: Guard<object>, view: Record<string, unknown>, member: string): boolean {
    return !guard(Object.fromEntries(Object.entries(view).filter(([name]) => name !== member)));
  }

  test("no golden view of the page's operations is left unchecked", () => {
    const known = new Set(Object.keys(views));
    const ofThePage = readdirSync(join(HERE, "../../tests/golden/views")).filter((name) =>
      /^(backup|backup-.*|job|job-.*|log-line|vm|vm-.*)\.json$/.test(name),
    );
    assert.deepEqual(
      ofThePage.filter((name) => !known.has(name)),
      [],
    );
  });

  test("nothing that is no object passes", () => {
    for (const guard of Object.values(views)) {
      for (const value of [null, undefined, 1, "text", [], true, {}]) {
        assert.ok(!guard(value));
      }
    }
  });

  test("the result of a backup is found in its job only", () => {
    const job = golden("job.json");
    assert.ok(isJob(job));
    const result = golden("vm-backup-result.json") as Record<string, unknown>;
    assert.equal(vmBackupResult(job), null);
    assert.equal(vmBackupResult({ ...job, result })?.backups[0]?.vm, "web1");
    assert.equal(vmBackupResult({ ...job, op: "prune", result }), null);
  });
});
