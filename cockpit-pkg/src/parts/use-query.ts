import { useCallback, useEffect, useRef, useState } from "react";

import type { Answer, Expected } from "../bridge/ask";
import type { Close, Operation, Problem } from "../bridge/channel";
import { type Session, retryDelay } from "../state/session";

/** After so long without an answer there will be none. */
const PATIENCE_MS = 60_000;
const NO_ANSWER: Problem = { problem: "timeout", message: null };
/** What asking again does not mend. */
const FINAL_PROBLEMS = new Set(["not-found", "usage", "integrity", "protocol-error"]);

export interface Query<R, I> {
  /** The newest answer to just this question; null while it is awaited. */
  answer: Answer<R, I> | null;
  /** The one before, of whatever question. */
  last: Answer<R, I> | null;
  waiting: boolean;
  reload: () => void;
}

/**
 * A list or a record that a tab shows: asked for when the operation is another, as JSON, and again by
 * itself when it is not to be had. Null asks nothing. `expected` must be a constant.
 */
export function useQuery<R, I = never>(
  session: Session,
  operation: Operation | null,
  expected: Expected<R, I>,
): Query<R, I> {
  const wanted = operation === null ? null : JSON.stringify(operation);
  const [round, setRound] = useState(0);
  const [got, setGot] = useState<{ of: string; answer: Answer<R, I> } | null>(null);
  const attempt = useRef(0);

  useEffect(() => {
    if (wanted === null) {
      return undefined;
    }
    let retry: number | undefined;
    let close: Close = () => undefined;
    const answered = (answer: Answer<R, I>) => {
      window.clearTimeout(patience);
      setGot({ of: wanted, answer });
      if (answer.problem === null || FINAL_PROBLEMS.has(answer.problem.problem)) {
        attempt.current = 0;
      } else {
        retry = window.setTimeout(() => setRound((known) => known + 1), retryDelay(answer.problem, attempt.current++));
      }
    };
    const patience = window.setTimeout(() => {
      close();
      answered({ result: null, items: [], problem: NO_ANSWER });
    }, PATIENCE_MS);
    close = session.ask(JSON.parse(wanted) as Operation, expected, answered);
    return () => {
      window.clearTimeout(patience);
      window.clearTimeout(retry);
      close();
    };
  }, [session, wanted, expected, round]);

  const reload = useCallback(() => setRound((known) => known + 1), []);
  const answer = got !== null && got.of === wanted ? got.answer : null;
  return { answer, last: got?.answer ?? null, waiting: wanted !== null && answer === null, reload };
}
