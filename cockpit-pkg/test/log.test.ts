import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { LOG_LINES_MAX, appendLines, clearLog, emptyLog, replayStarted } from "../src/state/log";
import { aLine } from "./fakes";

const at = (seconds: number, message: string, job = "j1") =>
  aLine({ timestamp: new Date(Date.UTC(2026, 10, 20, 2) + seconds * 1000).toISOString(), message, job_id: job });
const texts = (log: typeof emptyLog) => log.lines.map(({ message }) => message);

describe("log", () => {
  test("lines of two jobs stand in the order of time", () => {
    const log = appendLines(appendLines(emptyLog, [at(1, "a"), at(3, "c")]), [at(2, "b", "j2"), at(4, "d", "j2")]);
    assert.deepEqual(texts(log), ["a", "b", "c", "d"]);
  });

  test("a log that is sent again from the beginning does not stand there twice", () => {
    const known = appendLines(emptyLog, [at(1, "a"), at(2, "other", "j2")]);
    const log = appendLines(replayStarted(known, "j1"), [at(1, "a"), at(3, "b")]);
    assert.deepEqual(texts(log), ["a", "other", "b"]);
  });

  test("what was cleared does not come back, and what comes later does", () => {
    const cleared = clearLog(appendLines(emptyLog, [at(1, "a"), at(2, "b")]));
    assert.deepEqual(texts(cleared), []);
    const log = appendLines(cleared, [at(2, "c")]);
    assert.deepEqual(texts(log), ["c"]);
    const replayed = appendLines(replayStarted(log, "j1"), [at(1, "a"), at(2, "b"), at(2, "c"), at(3, "d")]);
    assert.deepEqual(texts(replayed), ["c", "d"]);
  });

  test("is bounded: the oldest lines go", () => {
    const many = Array.from({ length: LOG_LINES_MAX }, () => at(1, "old"));
    const log = appendLines(appendLines(emptyLog, many), [at(2, "new")]);
    assert.equal(log.lines.length, LOG_LINES_MAX);
    assert.equal(log.lines[LOG_LINES_MAX - 1]?.message, "new");
  });
});
