import { useEffect, useState } from "react";

import type { Answer, Expected } from "../bridge/ask";
import type { Close, Operation } from "../bridge/channel";
import type { Session } from "../state/session";

/** While a person types, a question waits until they pause. */
const PAUSE_MS = 300;

export interface Asked<R, I> {
  /** The newest answer; while another is awaited, the one before. */
  answer: Answer<R, I> | null;
  waiting: boolean;
}

/**
 * Asks again whenever the operation is another, as JSON; null asks nothing. `expected` must be a
 * constant.
 */
export function useAnswer<R, I = never>(
  session: Session,
  operation: Operation | null,
  expected: Expected<R, I>,
): Asked<R, I> {
  const wanted = operation === null ? null : JSON.stringify(operation);
  const [got, setGot] = useState<{ of: string; answer: Answer<R, I> } | null>(null);

  useEffect(() => {
    if (wanted === null) {
      return undefined;
    }
    let close: Close | null = null;
    const begin = () => {
      close = session.ask(JSON.parse(wanted) as Operation, expected, (answer) => setGot({ of: wanted, answer }));
    };
    // The first question is asked at once.
    const timer = window.setTimeout(begin, got === null ? 0 : PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      close?.();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- an answer is no new question
  }, [session, wanted, expected]);

  return { answer: got?.answer ?? null, waiting: wanted !== null && got?.of !== wanted };
}
