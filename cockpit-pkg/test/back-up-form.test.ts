import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { type BackUpForm, type Wrong, backedUpDisks, checkForm, emptyForm, isGood, optionsOf } from "../src/vms/back-up-form";
import { aVm } from "./fakes";

const form = (changes: Partial<BackUpForm> = {}): BackUpForm => ({ ...emptyForm, ...changes });

describe("the options of one run", () => {
  test("as usual, nothing is said", () => {
    assert.deepEqual(optionsOf(emptyForm), {});
  });

  const sent: [string, Partial<BackUpForm>, object][] = [
    ["the cycle's own", { maxIncrementals: "3", merge: "copy", compress: "zstd" }, { max_incrementals: 3, merge: "copy", compress: "zstd" }],
    ["those of a cycle are not said of a standalone copy", { kind: "standalone", maxIncrementals: "3", merge: "copy", compress: "zstd" }, { standalone: true }],
    ["a pinned copy by its label", { kind: "pin", label: " before the upgrade " }, { pin: "before the upgrade" }],
    ["a label that is not used is not said", { label: "x" }, {}],
    ["of any kind", { verify: true, quiesce: false, limit: "40", excluded: ["vdb"] }, { verify: true, quiesce: false, limit_mib: 40, exclude_disk: ["vdb"] }],
  ];
  for (const [name, changes, wanted] of sent) {
    test(name, () => assert.deepEqual(optionsOf(form(changes)), wanted));
  }

  const wrongs: [string, Partial<BackUpForm>, keyof Wrong | null][] = [
    ["nothing", {}, null],
    ["no incremental at all", { maxIncrementals: "0" }, "maxIncrementals"],
    ["more than a cycle can have", { maxIncrementals: "256" }, "maxIncrementals"],
    ["half a one", { maxIncrementals: "1.5" }, "maxIncrementals"],
    ["a number that has no effect", { kind: "standalone", maxIncrementals: "0" }, null],
    ["the greatest", { maxIncrementals: "255", limit: "1000000" }, null],
    ["a limit below one", { limit: "-1" }, "limit"],
    ["a limit above what can be", { limit: "1000001" }, "limit"],
    ["no label", { kind: "pin" }, "label"],
    ["blanks for a label", { kind: "pin", label: "   " }, "label"],
    ["a label of too many bytes", { kind: "pin", label: "é".repeat(101) }, "label"],
    ["the longest label", { kind: "pin", label: "é".repeat(100) }, null],
    ["one disk left out", { excluded: ["vda"] }, null],
    ["every disk left out", { excluded: ["vda", "vdb"] }, "excluded"],
  ];
  for (const [name, changes, wanted] of wrongs) {
    test(`${name} is ${wanted === null ? "right" : "wrong"}`, () => {
      const wrong = checkForm(form(changes), [aVm()]);
      assert.equal(isGood(wrong), wanted === null);
      assert.ok(wanted === null || wrong[wanted]);
    });
  }

  test("disks are gathered by target over all machines; what is not backed up is none", () => {
    const disks = backedUpDisks([aVm(), aVm({ name: "db1", disks: aVm().disks.slice(0, 1) })]);
    assert.deepEqual(
      disks.map(({ target, disks: own }) => [target, own.map(({ vm }) => vm.name)]),
      [["vda", ["web1", "db1"]], ["vdb", ["web1"]]],
    );
  });
});
