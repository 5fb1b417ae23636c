/*
 * Gathers what comes one by one into lists, so that a thousand machines are one change of the
 * state and one drawing of the page, not a thousand.
 */
export interface Timer {
  after(milliseconds: number, callback: () => void): () => void;
}

export const browserTimer: Timer = {
  after(milliseconds, callback) {
    const id = globalThis.setTimeout(callback, milliseconds);
    return () => globalThis.clearTimeout(id);
  },
};

export interface Batch<T> {
  add(item: T): void;
  /** Hands on at once what is there. */
  flush(): void;
  /** Forgets what is there. */
  drop(): void;
}

const GATHER_MS = 40;

export function batch<T>(timer: Timer, deliver: (items: readonly T[]) => void): Batch<T> {
  let items: T[] = [];
  let cancel: (() => void) | null = null;

  function flush() {
    cancel?.();
    cancel = null;
    const gathered = items;
    items = [];
    if (gathered.length > 0) {
      deliver(gathered);
    }
  }

  return {
    add(item) {
      items.push(item);
      cancel ??= timer.after(GATHER_MS, flush);
    },
    flush,
    drop() {
      cancel?.();
      cancel = null;
      items = [];
    },
  };
}
