/*
 * An operation that is asked once and answers: a plan, what is recorded about one thing. What does
 * not have the shape that was asked for is no answer.
 */
import type { Close, Helper, Operation, Problem } from "./channel";
import { type Guard, isNothing } from "./shape";

export interface Answer<R, I> {
  /** There can be both: what was found, and that not all of it was. */
  result: R | null;
  items: I[];
  problem: Problem | null;
}

export interface Expected<R, I> {
  result: Guard<R>;
  item?: Guard<I>;
}

const WRONG_SHAPE: Problem = { problem: "protocol-error", message: null };

/** The answer comes once; never after the returned function was called. */
export function ask<R, I = never>(
  helper: Helper,
  operation: Operation,
  expected: Expected<R, I>,
  answered: (answer: Answer<R, I>) => void,
): Close {
  const isItem = expected.item ?? isNothing;
  const items: I[] = [];
  let result: R | null = null;
  let over = false;

  function wrong() {
    over = true;
    close();
    answered({ result: null, items: [], problem: WRONG_SHAPE });
  }

  const close = helper.open(operation, {
    frame({ kind, value }) {
      if (over) {
        return;
      }
      if (kind === "item" && isItem(value)) {
        items.push(value);
      } else if (kind === "result" && expected.result(value)) {
        result = value;
      } else if (kind === "item" || kind === "result") {
        wrong();
      }
    },
    closed(problem) {
      if (!over) {
        answered({ result, items, problem: result === null ? (problem ?? WRONG_SHAPE) : problem });
      }
    },
  });
  return close;
}
