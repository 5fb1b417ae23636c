import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { type Session, exportFileName, retryDelay, startSession } from "../src/state/session";
import { type Store, createStore } from "../src/state/store";
import { FakeHelper, FakeTimer, aBackup, aJob, aLine, aVm, result } from "./fakes";

const listed = { count: 1, unused_images: [] };
const GATHERED_MS = 100;

describe("session", () => {
  let helper: FakeHelper;
  let timer: FakeTimer;
  let store: Store;
  let session: Session;

  beforeEach(() => {
    helper = new FakeHelper();
    timer = new FakeTimer();
    store = createStore();
    session = startSession(store, { helper, timer, now: () => new Date("2026-11-20T02:03:04.567Z") });
  });

  const job = aJob();
  const over = aJob({ state: "completed", finished_at: "2026-11-20T02:05:00.000Z", result });
  const gathered = () => timer.go(GATHERED_MS);

  test("a thousand machines are few changes of the state", () => {
    let changes = 0;
    store.subscribe(() => changes++);
    const watch = helper.only("vm.list");
    for (let n = 0; n < 1000; n++) {
      watch.send("item", aVm({ uuid: String(n), job_id: null }));
    }
    watch.send("result", listed);
    assert.equal(store.get().vms.byId.size, 1000);
    assert.equal(store.get().vms.load.phase, "ready");
    assert.ok(changes < 5, `${changes} changes`);
  });

  describe("with the machines first", () => {
    beforeEach(() => {
      helper = new FakeHelper();
      timer = new FakeTimer();
      startSession(createStore(), { helper, timer, now: () => new Date(0), machinesFirst: true });
    });

    test("backups are asked for once, when the machines are listed", () => {
      assert.equal(helper.count("backup.list"), 0);
      helper.only("vm.list").send("result", listed);
      assert.equal(helper.count("backup.list"), 1);
      timer.go(5000);
      assert.equal(helper.count("backup.list"), 1);
    });

    test("or when those are not to be had", () => {
      helper.only("vm.list").close("access-denied");
      assert.equal(helper.count("backup.list"), 1);
    });

    test("or when they take long", () => {
      timer.go(999);
      assert.equal(helper.count("backup.list"), 0);
      timer.go(1);
      assert.equal(helper.count("backup.list"), 1);
      helper.only("vm.list").send("result", listed);
      assert.equal(helper.count("backup.list"), 1);
    });
  });

  test("a lost watch is opened again, later each time, and at once when asked", () => {
    helper.only("vm.list").close("disconnected");
    assert.equal(store.get().vms.load.phase, "failed");
    timer.go(999);
    assert.equal(helper.count("vm.list"), 1);
    timer.go(1);
    helper.only("vm.list").close("disconnected");
    timer.go(1000);
    assert.equal(helper.count("vm.list"), 2);
    session.retry();
    helper.only("vm.list").send("result", listed);
    assert.equal(store.get().vms.load.phase, "ready");
  });

  test("a watch that just ends is lost too", () => {
    helper.only("vm.list").send("result", listed).close();
    assert.equal(store.get().vms.lost?.problem, "disconnected");
    timer.go(1000);
    assert.equal(helper.count("vm.list"), 2);
  });

  test("a frame that is no view ends the watch with a clear problem", () => {
    helper.only("vm.list").send("item", { name: "half a machine" });
    const { load } = store.get().vms;
    assert.ok(load.phase === "failed" && load.problem.problem === "protocol-error");
    assert.equal(helper.channels[0]?.open, false);
  });

  test("a frame that is no backup ends the listing with a clear problem", () => {
    helper.only("backup.list").send("item", aBackup()).send("item", 1);
    const { load } = store.get().backups;
    assert.ok(load.phase === "failed" && load.problem.problem === "protocol-error");
  });

  test("a running job is found and followed: listed, or named by its machine, once", () => {
    helper.only("job.list").send("item", job);
    helper.only("vm.list").send("item", aVm({ job_id: job.id }));
    gathered();
    assert.deepEqual(helper.only("job.follow").operation.args, { id: job.id });
  });

  test("a job that begins while the page is open is followed: the listing of jobs is a watch", () => {
    const jobs = helper.only("job.list");
    assert.deepEqual(jobs.operation.args, { watch: true });
    jobs.send("result", { count: 0 });
    assert.equal(store.get().jobs.load.phase, "ready");
    jobs.send("item", job);
    gathered();
    assert.deepEqual(helper.only("job.follow").operation.args, { id: job.id });
    jobs.close("disconnected");
    assert.equal(store.get().jobs.load.phase, "ready", "what is known stays");
    timer.go(1000);
    assert.equal(helper.count("job.list"), 2);
  });

  test("what is over by one channel does not begin again by another that is late", () => {
    helper.only("job.list").send("result", { count: 0 }).send("item", job);
    gathered();
    helper.only("job.list").send("item", job);
    helper.only("job.follow").send("result", over).close();
    gathered();
    assert.equal(store.get().jobs.byId.get(job.id)?.state, "completed");
    assert.deepEqual(store.get().jobs.ended, [job.id]);
    assert.equal(helper.count("job.follow"), 1);
  });

  test("a job too short to be followed has its effect listed; those of the history do not", () => {
    const listings = helper.count("backup.list");
    helper.only("job.list").send("item", aJob({ ...over, id: "old" })).send("result", { count: 1 });
    gathered();
    assert.equal(helper.count("backup.list"), listings);
    helper.only("job.list").send("item", over);
    gathered();
    assert.equal(helper.count("backup.list"), listings + 1);
    assert.equal(helper.count("job.follow"), 0);
  });

  test("a backup goes from the button to its end", () => {
    session.backUp(["web1", "db1"], { max_incrementals: 3 });
    assert.equal(store.get().starting, true);
    const channel = helper.only("vm.backup");
    assert.deepEqual(channel.operation.args, { vms: ["web1", "db1"], max_incrementals: 3 });

    channel.send("progress", job).send("log", aLine());
    gathered();
    assert.equal(store.get().starting, false);
    assert.equal(store.get().log.lines.length, 1);

    helper.only("vm.list").send("item", aVm({ job_id: job.id }));
    gathered();
    assert.equal(helper.count("job.follow"), 0, "it is followed already");

    const listings = helper.count("backup.list");
    channel.send("result", over).close();
    assert.deepEqual(store.get().jobs.ended, [job.id]);
    assert.equal(helper.count("backup.list"), listings + 1, "what it made is listed");
  });

  test("a refused backup says why", () => {
    session.backUp(["web1"], {});
    helper.only("vm.backup").close("no-space", "It needs 5.4 GB, and has 1.2 GB.");
    const [notice] = store.get().notices;
    assert.equal(notice?.what, "not-started");
    assert.equal(notice.problem?.message, "It needs 5.4 GB, and has 1.2 GB.");
    assert.equal(store.get().starting, false);
  });

  test("a job whose channel was lost is followed again, with its log from the beginning", () => {
    session.backUp(["web1"], {});
    helper.only("vm.backup").send("progress", job).send("log", aLine()).close("disconnected");
    assert.deepEqual(store.get().notices, []);
    timer.go(10_000);
    helper.only("job.follow").send("progress", job).send("log", aLine()).send("log", aLine());
    gathered();
    assert.equal(store.get().log.lines.length, 2);
  });

  test("a job that is gone is not asked for for ever", () => {
    helper.only("job.list").send("item", job);
    gathered();
    helper.only("job.follow").close("not-found");
    timer.go(60_000);
    assert.equal(helper.count("job.follow"), 1);
  });

  test("a job is cancelled by its id, and a failure of that is told", () => {
    session.cancelJob(job.id);
    const channel = helper.only("job.cancel");
    assert.deepEqual(channel.operation.args, { id: job.id });
    channel.close("not-found", "It is over.");
    assert.equal(store.get().notices[0]?.what, "job-not-cancelled");
  });

  test("an export is one download with its name by the time in UTC, and its failure is told", () => {
    session.exportBackups(["vm/web1/web1-Base-20261118_020000"]);
    const [download] = helper.downloads;
    assert.equal(download?.fileName, "backups-export-2026-11-20T02-03-04.tar.gz");
    assert.deepEqual(download.operation, {
      op: "backup.export",
      args: { ids: ["vm/web1/web1-Base-20261118_020000"], name: download.fileName },
    });
    download.failed({ problem: "not-found", message: null });
    assert.equal(store.get().notices[0]?.what, "export-failed");
    assert.equal(helper.channels.at(-1)?.open, false, "its end is not waited for any more");
  });

  const ends: [string, string | null, string][] = [
    ["ok", null, "export-done"],
    ["failed", "integrity", "export-failed"],
  ];
  for (const [status, error, what] of ends) {
    test(`an export whose log says ${status} is told to have ended so, though the browser took its first bytes`, () => {
      session.exportBackups(["vm/web1/web1-Base-20261118_020000"]);
      const log = helper.only("log.follow");
      const name = helper.downloads[0]?.fileName ?? "";
      assert.equal(log.operation.args.text, name);
      log.send("log", aLine({ action: "backup.incremental", message: name }));
      assert.equal(store.get().notices.at(-1)?.what, "export-started");
      log.send("log", aLine({ action: "backup.export", status, error, message: `The export “${name}” ended` }));
      assert.deepEqual(store.get().notices.map((notice) => [notice.what, notice.problem?.problem ?? null]), [[what, error]]);
      assert.equal(log.open, false);
    });
  }

  test("a stopped session opens nothing more", () => {
    session.stop();
    const count = helper.channels.length;
    assert.ok(helper.channels.every(({ open }) => !open));
    timer.go(120_000);
    assert.equal(helper.channels.length, count);
  });
});

describe("session: when to try again", () => {
  const cases: [string, number, number][] = [
    ["disconnected", 0, 1000],
    ["disconnected", 1, 2000],
    ["unavailable", 99, 10_000],
    ["not-supported", 0, 30_000],
    ["access-denied", 5, 30_000],
  ];
  for (const [problem, attempt, wanted] of cases) {
    test(`${problem}, attempt ${attempt}`, () => {
      assert.equal(retryDelay({ problem, message: null }, attempt), wanted);
    });
  }

  test("the name of an export holds nothing a file system minds", () => {
    assert.match(exportFileName(new Date(0)), /^[\w.-]+$/);
  });
});
