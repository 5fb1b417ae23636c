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

/** The entries of a listing: those from `first` to `end` are fetched, in pages, and kept. */
export function useEntries(session: Session, listing: Listing, first: number, end: number): Entries {
  const of = JSON.stringify(listing);
  const [round, setRound] = useState(0);
  const [known, setKnown] = useState<Known>({ of, browsed: null, problem: null, pages: new Map() });
  const asked = useRef<{ of: string; pages: Set<number> }>({ of: "", pages: new Set() });
  const current = known.of === of ? known : null;
  const firstPage = Math.floor(first / PAGE_ROWS);
  const lastPage = Math.floor(Math.max(first, end - 1) / PAGE_ROWS);

  useEffect(() => {
    const key = `${of} ${round}`;
    if (asked.current.of !== key) {
      asked.current = { of: key, pages: new Set() };
    }
    const { pages } = asked.current;
    const { project, backup, path, pathBase64, search } = JSON.parse(of) as Listing;
    for (let page = firstPage; page <= lastPage; page++) {
      if (pages.has(page)) {
        continue;
      }
      pages.add(page);
      const isStill = () => asked.current.of === key;
      const took = (answer: { result: TreeBrowsed | null; items: readonly TreeEntry[]; problem: Problem | null }) => {
        window.clearTimeout(patience);
        if (!isStill()) {
          return;
        }
        if (answer.problem !== null) {
          pages.delete(page);
        }
        setKnown((before) => ({
          of,
          browsed: answer.result ?? (before.of === of ? before.browsed : null),
          problem: answer.problem,
          pages: new Map(before.of === of ? before.pages : []).set(page, answer.items),
        }));
      };
      const args = {
        project,
        backup,
        offset: page * PAGE_ROWS,
        limit: PAGE_ROWS,
        ...(pathBase64 === null ? { path } : { path_base64: pathBase64 }),
        ...(search === "" ? {} : { search }),
      };
      const close = session.ask({ op: "tree.browse", args }, EXPECTED, took);
      const patience = window.setTimeout(() => {
        close();
        took({ result: null, items: [], problem: { problem: "timeout", message: null } });
      }, PATIENCE_MS);
    }
  }, [session, of, round, firstPage, lastPage]);

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
