import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { type Answer, ask } from "../src/bridge/ask";
import { isNumber, isString } from "../src/bridge/shape";
import { FakeHelper } from "./fakes";

function begin() {
  const helper = new FakeHelper();
  const answers: Answer<number, string>[] = [];
  const close = ask(helper, { op: "prune", args: { plan: true } }, { result: isNumber, item: isString }, (answer) =>
    answers.push(answer),
  );
  return { answers, close, channel: helper.only("prune") };
}

describe("ask", () => {
  test("items and the result come together", () => {
    const { answers, channel } = begin();
    channel.send("item", "a").send("item", "b").send("result", 2).close();
    assert.deepEqual(answers, [{ result: 2, items: ["a", "b"], problem: null }]);
  });

  test("a problem may come beside a result", () => {
    const { answers, channel } = begin();
    channel.send("result", 1).close("not-found", "There is no VM “x”.");
    assert.deepEqual(answers, [{ result: 1, items: [], problem: { problem: "not-found", message: "There is no VM “x”." } }]);
  });

  test("no result is a problem", () => {
    const { answers, channel } = begin();
    channel.close();
    assert.equal(answers[0]?.problem?.problem, "protocol-error");
  });

  test("what has another shape is no answer, and said once", () => {
    const { answers, channel } = begin();
    channel.send("item", 5).send("result", 1);
    assert.equal(channel.open, false);
    channel.close();
    assert.deepEqual(answers.map(({ problem }) => problem?.problem), ["protocol-error"]);
  });
});
