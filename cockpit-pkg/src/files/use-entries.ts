import { useEffect, useRef, useState } from "react";

import type { Problem } from "../bridge/channel";
import { type TreeBrowsed, type TreeEntry, isTreeBrowsed, isTreeEntry } from "../bridge/tree-views";
import type { Session } from "../state/session";

/** So many are asked for at a time. */
const PAGE_ROWS = 500;
const PATIENCE_MS = 60_000;
const EXPECTED = { result: isTreeBrowsed, item: isTreeEntry };

/** A directory of a point, or a search below it. */
export interface Listing {
  project: string;
  backup: string;
  path: string;
  pathBase64: string | null;
  search: string;
}

export interface Entries {
  browsed: TreeBrowsed | null;
  problem: Problem | null;
  at: (index: number) => TreeEntry | undefined;
  reload: () => void;
}

interface Known {
  of: string;
  browsed: TreeBrowsed | null;
  problem: Problem | null;
  pages: ReadonlyMap<number, readonly TreeEntry[]>;
}

interface Asked {
  of: string;
  /** Known, or asked for. */
  pages: Set<number>;
  /** Ends what is being waited for. */
  close: (() => void) | null;
}

/**
 * The entries of a listing: those from `first` to `end` are fetched, in pages, and kept. One page is
 * waited for at a time, and the next is of what is in view then: whoever drags the scroll bar through
 * a million entries passes most of them by.
 */
export function useEntries(session: Session, listing: Listing, first: number, end: number): Entries {
  const of = JSON.stringify(listing);
  const [round, setRound] = useState(0);
  const [answers, setAnswers] = useState(0);
  const [known, setKnown] = useState<Known>({ of, browsed: null, problem: null, pages: new Map() });
  const asked = useRef<Asked>({ of: "", pages: new Set(), close: null });
  const current = known.of === of ? known : null;
  const firstPage = Math.floor(first / PAGE_ROWS);
  const lastPage = Math.floor(Math.max(first, end - 1) / PAGE_ROWS);

  useEffect(() => {
    const key = `${of} ${round}`;
    if (asked.current.of !== key) {
      asked.current.close?.();
      asked.current = { of: key, pages: new Set(), close: null };
    }
    const mine = asked.current;
    const page = mine.pages.has(firstPage) ? lastPage : firstPage;
    if (mine.close !== null || mine.pages.has(page)) {
      return;
    }
    mine.pages.add(page);

    function took(answer: { result: TreeBrowsed | null; items: readonly TreeEntry[]; problem: Problem | null }) {
      mine.close?.();
      mine.close = null;
      if (answer.problem !== null) {
        mine.pages.delete(page);
      } else {
        setAnswers((before) => before + 1);
      }
      setKnown((before) => ({
        of,
        browsed: answer.result ?? (before.of === of ? before.browsed : null),
        problem: answer.problem,
        pages: new Map(before.of === of ? before.pages : []).set(page, answer.items),
      }));
    }

    const { project, backup, path, pathBase64, search } = JSON.parse(of) as Listing;
    const args = {
      project,
      backup,
      offset: page * PAGE_ROWS,
      limit: PAGE_ROWS,
      ...(pathBase64 === null ? { path } : { path_base64: pathBase64 }),
      ...(search === "" ? {} : { search }),
    };
    const close = session.ask({ op: "tree.browse", args }, EXPECTED, took);
    const patience = window.setTimeout(() => took({ result: null, items: [], problem: { problem: "timeout", message: null } }), PATIENCE_MS);
    mine.close = () => {
      window.clearTimeout(patience);
      close();
    };
  }, [session, of, round, answers, firstPage, lastPage]);

  useEffect(
    () => () => {
      asked.current.close?.();
      asked.current = { of: "", pages: new Set(), close: null };
    },
    [],
  );

  return {
    browsed: current?.browsed ?? null,
    problem: current?.problem ?? null,
    at: (index) => current?.pages.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS],
    reload: () => {
      setKnown({ of, browsed: null, problem: null, pages: new Map() });
      setRound((before) => before + 1);
    },
  };
}
