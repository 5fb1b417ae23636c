import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { isEvent, isVerdict } from "../src/bridge/event-views";
import { contentDisposition } from "../src/bridge/channel";
import { isSchedule, isSettings } from "../src/bridge/settings-views";
import { isTreeBrowsed, isTreeEntry, isTreeTask } from "../src/bridge/tree-views";
import { wrongOf } from "../src/files/tree-form-dialog";
import { crumbsOf, generationsOf, linesOf, sourcesOf, startPath, treesOf } from "../src/files/trees";
import { rowWindow } from "../src/parts/use-window";
import { calendarOf, DEFAULT_WHEN, isComplete, whenOf } from "../src/settings/when";
import { generationTitle, verdictText } from "../src/words/tree-texts";
import { aBackup } from "./fakes";
import { golden } from "./golden";

describe("views of trees, settings and events", () => {
  const views: [string, (value: unknown) => boolean, string][] = [
    ["tree-task.json", isTreeTask, "sources"],
    ["tree-entry.json", isTreeEntry, "path"],
    ["tree-directory.json", isTreeEntry, "entries_count"],
    ["tree-browse-result.json", isTreeBrowsed, "count"],
    ["settings.json", isSettings, "repository_dir"],
    ["schedule.json", isSchedule, "active"],
    ["event.json", isEvent, "evento"],
    ["event-log-verdict.json", isVerdict, "broken"],
  ];
  for (const [name, guard, member] of views) {
    test(`${name} is one; less ${member} it is none`, () => {
      const view = golden(name) as Record<string, unknown>;
      assert.equal(guard(view), true);
      assert.equal(guard(Object.fromEntries(Object.entries(view).filter(([key]) => key !== member))), false);
    });
  }
});

describe("trees", () => {
  const task = golden("tree-task.json");
  assert.ok(isTreeTask(task));
  const point = (id: string, generation: string, changes = {}) =>
    aBackup({ id, project_id: task.project_id, created_at: `${id}Z`, size_bytes: 10, extra: { generation }, ...changes });

  test("what the settings name, and what was backed up, together; newest points first", () => {
    const backups = [
      point("2026-11-19T02:00:00", "gen-b"),
      point("2026-11-20T02:00:00", "gen-b"),
      point("2026-11-21T02:00:00", "gen-c", { status: "failed" }),
      point("2026-11-01T02:00:00", "gen-a", { project_id: "tree/host1/old" }),
      aBackup(),
    ];
    const trees = treesOf([task], backups);
    assert.deepEqual(trees.map(({ name, points, sizeBytes }) => [name, points.map(({ id }) => id), sizeBytes]), [
      ["databases", ["2026-11-20T02:00:00", "2026-11-19T02:00:00"], 20],
      ["old", ["2026-11-01T02:00:00"], 10],
    ]);
    assert.equal(trees[1]?.task, null);
  });

  test("points under their generations", () => {
    const points = [point("3", "gen-b"), point("2", "gen-b"), point("1", "gen-a"), point("0", "", { extra: null })];
    assert.deepEqual(generationsOf(points).map(({ name, points: of }) => [name, of.length]), [["gen-b", 2], ["gen-a", 1], ["", 1]]);
  });

  test("where to begin", () => {
    const cases: [string[], string][] = [
      [["/srv/data"], "/srv/data"],
      [["/srv/data", "/srv/web"], "/srv"],
      [["/etc", "/srv"], "/"],
      [["/srv/data", "/srv/data/x"], "/srv/data"],
      [["/"], "/"],
      [[], "/"],
    ];
    cases.forEach(([sources, path]) => assert.equal(startPath(sources), path));
    assert.deepEqual(sourcesOf(point("1", "g", { extra: { sources: ["/a", 7] } })), ["/a"]);
  });

  test("crumbs and lines", () => {
    assert.deepEqual(crumbsOf("/srv//data/"), [{ name: "srv", path: "/srv" }, { name: "data", path: "/srv/data" }]);
    assert.deepEqual(linesOf(" /a \n\n/b"), ["/a", "/b"]);
  });

  test("what is wrong in the form", () => {
    const good = { name: "data", sources: "/a", excludes: "", interval: "7", keep: "" };
    assert.deepEqual(wrongOf(good), {});
    assert.deepEqual(Object.keys(wrongOf({ name: "a/b", sources: "b", excludes: "", interval: "0", keep: "x" })), ["name", "sources", "interval", "keep"]);
  });
});

describe("a window on a long list", () => {
  test("only what is in view, and some around", () => {
    assert.deepEqual((({ first, end, heightPx }) => ({ first, end, heightPx }))(rowWindow(1000, 40, 4000, 400)), { first: 90, end: 120, heightPx: 40_000 });
    assert.equal(rowWindow(3, 40, 0, 400).end, 3);
    assert.equal(rowWindow(0, 40, 0, 400).end, 0);
  });

  test("a million rows: both ends can be reached, and rows are drawn where the view is", () => {
    const count = 1_000_000;
    const top = rowWindow(count, 40, 0, 400);
    assert.equal(top.first, 0);
    assert.equal(top.topOf(0), 0);
    const { heightPx } = top;
    assert.ok(heightPx < 17_000_000);
    const bottom = rowWindow(count, 40, heightPx - 400, 400);
    assert.equal(bottom.end, count);
    assert.equal(bottom.topOf(count - 1), heightPx - 40);
  });
});

describe("when", () => {
  for (const calendar of ["*-*-* 02:00:00", "Sat *-*-* 23:30:00", "*-*-01 04:05:00"]) {
    test(`${calendar} is read and written`, () => {
      const when = whenOf(calendar);
      assert.notEqual(when.every, "other");
      assert.equal(calendarOf(when), calendar);
    });
  }

  test("what systemd itself writes in full is understood", () => {
    assert.equal(calendarOf(whenOf("daily")), "*-*-* 00:00:00");
    assert.equal(calendarOf(whenOf("weekly")), "Mon *-*-* 00:00:00");
    assert.equal(calendarOf(whenOf("monthly")), "*-*-01 00:00:00");
  });

  test("what is more than that stays as it is", () => {
    for (const text of ["Mon..Fri 22:00", "hourly", "Sun *-*-01 02:00:00"]) {
      assert.equal(calendarOf(whenOf(text)), text);
      assert.equal(whenOf(text).every, "other");
    }
    assert.equal(isComplete({ ...DEFAULT_WHEN, time: "2" }), false);
    assert.equal(isComplete({ ...DEFAULT_WHEN, every: "other", expression: " " }), false);
  });
});

describe("a verdict says what was verified, never more", () => {
  const verdict = golden("event-log-verdict.json");
  assert.ok(isVerdict(verdict));
  const title = (changes: object) => verdictText({ ...verdict, ...changes });

  test("in full, in part, broken", () => {
    assert.equal(title({}).title, "Verified in full");
    assert.match(title({ verified_from: "snapshot" }).title, /in part/);
    assert.doesNotMatch(title({ verified_from: "something new" }).title, /in full/);
    const broken = title({ broken: { reason: "hash", segment: 2, index: 4, event_id: null, message: "It was changed." } });
    assert.equal(broken.good, false);
    assert.match(broken.detail, /number 5 of segment 2\. It was changed\./);
  });
});

describe("content-disposition", () => {
  const cases: [string, string][] = [
    ["a.txt", `attachment; filename="a.txt"; filename*=UTF-8''a.txt`],
    ['a"; b=c.txt', `attachment; filename="a_; b=c.txt"; filename*=UTF-8''a%22%3B%20b%3Dc.txt`],
    ["../x\r\ny: z", `attachment; filename=".._x__y: z"; filename*=UTF-8''.._x__y%3A%20z`],
    ["ü'(*).csv", `attachment; filename="_'(*).csv"; filename*=UTF-8''%C3%BC%27%28%2A%29.csv`],
    ["100%.txt", `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`],
  ];
  for (const [name, header] of cases) {
    test(JSON.stringify(name), () => assert.equal(contentDisposition(name), header));
  }

  test("half a surrogate pair breaks nothing", () => {
    assert.match(contentDisposition("\ud800.txt"), /%EF%BF%BD\.txt$/);
  });
});

describe("a generation is told by its day", () => {
  const cases = [
    ["gen-2026-11-20", "Generation of Nov 20, 2026"],
    ["gen-2026-11-20.2", "Generation of Nov 20, 2026, number 2"],
    ["gen-mine", "gen-mine"],
  ] as const;
  for (const [name, title] of cases) {
    test(name, () => assert.equal(generationTitle(name), title));
  }
});
