import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { jobResultText } from "../src/words/job-result";
import { aJob, result } from "./fakes";

describe("what a job that ended tells", () => {
  const cases: [string, Record<string, unknown> | null, string | null][] = [
    ["vm.backup", result, "1 backup, 105 MB in 1 second"],
    ["vm.backup", null, null],
    ["vm.restore", { vm: "web2", uuid: null, files: ["/a", "/b"], size_bytes: 2e9 }, "web2 is there: 2 files, 2 GB"],
    ["backup.verify", { verified_count: 3, broken_count: 1 }, "2 backups are whole"],
    ["backup.delete", { deleted: "vm/web1/x", count: 1, size_bytes: 1000 }, "1 backup was removed, 1 kB freed"],
    ["prune", { count: 2, size_bytes: 0, warnings_count: 0 }, "2 backups were removed, 0 bytes freed"],
    ["prune", { count: "two" }, null],
    ["vm.forget", { count: 1 }, "The next backup begins a new cycle"],
    ["tree.backup", {}, null],
  ];
  for (const [op, value, wanted] of cases) {
    test(`${op}: ${wanted ?? "nothing"}`, () => {
      assert.equal(jobResultText(aJob({ op, state: "completed", result: value })), wanted);
    });
  }
});
