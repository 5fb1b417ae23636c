import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { framesOf, problemOfTitle } from "../src/bridge/channel";
import { age, bytes, duration, percent } from "../src/words/format";

describe("format", () => {
  const sizes: [number, string][] = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [1_550_000, "1.6 MB"],
    [104_857_600, "105 MB"],
    [5_368_709_120, "5.4 GB"],
    [999_999_999, "1 GB"],
    [-5, "0 bytes"],
  ];
  for (const [count, wanted] of sizes) {
    test(`${count} bytes`, () => assert.equal(bytes(count), wanted));
  }

  const durations: [number, string][] = [
    [0, "less than a second"],
    [0.9, "less than a second"],
    [1, "1 second"],
    [59.4, "59 seconds"],
    [90, "2 minutes"],
    [3600, "1 h 0 min"],
    [9000, "2 h 30 min"],
  ];
  for (const [seconds, wanted] of durations) {
    test(`${seconds} seconds`, () => assert.equal(duration(seconds), wanted));
  }

  const now = new Date("2026-11-20T12:00:00Z");
  const ages: [string, string][] = [
    ["2026-11-20T11:59:40Z", "just now"],
    ["2026-11-20T09:30:00Z", "2 hours ago"],
    ["2026-11-19T11:00:00Z", "yesterday"],
    ["2026-11-10T11:00:00Z", "last week"],
    ["not a time", ""],
  ];
  for (const [time, wanted] of ages) {
    test(`the age of ${time}`, () => assert.equal(age(time, now), wanted));
  }

  test("a share never passes the whole, and nothing of nothing is none", () => {
    assert.equal(percent(3, 2), "100%");
    assert.equal(percent(0, 0), "0%");
  });
});

describe("channel: titles of error pages", () => {
  const titles: [string, string][] = [
    ["Not Found", "not-found"],
    ["Access denied", "access-denied"],
    ["no-space", "no-space"],
    ["integrity", "integrity"],
    ["Internal Server Error", "internal-error"],
    ["", "internal-error"],
  ];
  for (const [title, wanted] of titles) {
    test(`“${title}”`, () => assert.equal(problemOfTitle(title), wanted));
  }
});

describe("channel: frames", () => {
  test("one known key is a frame", () => {
    assert.deepEqual([...framesOf('{"item": 1}')], [{ kind: "item", value: 1 }]);
    assert.deepEqual([...framesOf('{"result": null}')], [{ kind: "result", value: null }]);
  });
  test("is a line of a frame, which may have several, in their order", () => {
    assert.deepEqual([...framesOf('{"item": 1}\n{"log": 2}')], [{ kind: "item", value: 1 }, { kind: "log", value: 2 }]);
    assert.deepEqual([...framesOf('{"item": "a\\nb"}')], [{ kind: "item", value: "a\nb" }]);
  });
  test("that is none ends the frame: nothing after it is believed", () => {
    assert.deepEqual([...framesOf('{"item": 1}\n\n{"item": 2}')], [{ kind: "item", value: 1 }, null]);
    assert.deepEqual([...framesOf('{"item": 1}\n')], [{ kind: "item", value: 1 }, null]);
  });
  for (const text of ["", "{", "1", "null", "[]", "{}", '{"other": 1}', '{"item": 1, "log": 2}']) {
    test(`“${text}” is none`, () => assert.deepEqual([...framesOf(text)], [null]));
  }
});
