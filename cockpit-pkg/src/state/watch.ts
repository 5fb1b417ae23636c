/* A listing that is kept open: all there is, then that this was all, then each change as it comes. */
import type { Close, Helper, Operation, Problem } from "../bridge/channel";
import type { Guard } from "../bridge/shape";
import { type Timer, batch } from "./batch";

/** What came has not the shape that was asked for. */
export const WRONG_FRAME: Problem = { problem: "protocol-error", message: null };
/** The channel closed, and said no reason. */
export const ENDED_EARLY: Problem = { problem: "disconnected", message: null };

export interface Watched<I, R> {
  isItem: Guard<I>;
  isResult: Guard<R>;
  /** Of the listing first, then those that have changed. */
  items: (items: readonly I[]) => void;
  /** Those were all. */
  listed: (result: R) => void;
  /** It is over: a watch does not end by itself. */
  lost: (problem: Problem) => void;
}

/** Nothing is told any more after the returned function was called. */
export function watch<I, R>(helper: Helper, timer: Timer, operation: Operation, watched: Watched<I, R>): Close {
  const { isItem, isResult } = watched;
  const items = batch(timer, watched.items);

  const close = helper.open(operation, {
    frame({ kind, value }) {
      if (kind === "item" && isItem(value)) {
        items.add(value);
      } else if (kind === "result" && isResult(value)) {
        items.flush();
        watched.listed(value);
      } else if (kind === "item" || kind === "result") {
        close();
        items.drop();
        watched.lost(WRONG_FRAME);
      }
    },
    closed(problem) {
      items.flush();
      watched.lost(problem ?? ENDED_EARLY);
    },
  });
  return () => {
    items.drop();
    close();
  };
}
