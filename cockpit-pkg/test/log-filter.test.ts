import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { NO_FILTER, filterLines, filterOn, logText, projectsOf } from "../src/activity/log-filter";
import { aLine } from "./fakes";

const lines = [
  aLine({ level: "info", message: "Copying", project_id: "vm/web1" }),
  aLine({ level: "error", message: "No answer", error: "Timed OUT", project_id: "vm/db1" }),
  aLine({ level: "debug", message: "copying more", project_id: null }),
];
const messages = (filter: object) => filterLines(lines, { ...NO_FILTER, ...filter }).map(({ message }) => message);

describe("log filter", () => {
  test("by text in message and error, level and project", () => {
    assert.deepEqual(messages({}), ["Copying", "No answer", "copying more"]);
    assert.deepEqual(messages({ text: " COPYING " }), ["Copying", "copying more"]);
    assert.deepEqual(messages({ text: "timed out" }), ["No answer"]);
    assert.deepEqual(messages({ level: "info" }), ["Copying", "No answer"]);
    assert.deepEqual(messages({ project: "vm/web1", text: "copying" }), ["Copying"]);
    assert.deepEqual(projectsOf(lines), ["vm/db1", "vm/web1"]);
  });

  test("lines that come are added to those found; other lines, or another filter, begin anew", () => {
    const filter = { ...NO_FILTER, level: "error" };
    const first = filterOn(null, lines, filter);
    const more = lines.concat(aLine({ level: "error", message: "Again" }));
    const second = filterOn(first, more, filter);
    assert.deepEqual(second.lines.map(({ message }) => message), ["No answer", "Again"]);
    assert.equal(filterOn(second, more, filter), second);
    assert.equal(filterOn(second, more.concat(aLine({ level: "info" })), filter).lines, second.lines);
    assert.deepEqual(filterOn(second, lines.slice(2), filter).lines, []);
    assert.equal(filterOn(second, more, NO_FILTER).lines, more);
  });

  test("as text, one line each", () => {
    const text = logText(lines.slice(0, 2));
    assert.equal(text.split("\n").length, 3);
    assert.match(text, / error   vm\/db1 No answer \(Timed OUT\)\n$/);
  });
});
