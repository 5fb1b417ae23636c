import { useEffect, useState } from "react";

/** So many rows nearly fill a screen, and are drawn within a frame or two. */
const ROWS_AT_ONCE = 12;

/**
 * How many rows of a page of a list are to be drawn now: those of a screen at once, the rest in the
 * frames after it.
 * @param of  what the page is of (its number, the search, the order): with another, it begins anew
 * @param least  rows that must be there at once, because one of them is to be scrolled to
 */
export function useGrowing(count: number, of: string, least = 0): number {
  const [grown, setGrown] = useState({ of, rows: ROWS_AT_ONCE });
  const known = grown.of === of ? grown.rows : ROWS_AT_ONCE;
  const shown = Math.min(count, Math.max(known, least));

  useEffect(() => {
    if (shown >= count) {
      return undefined;
    }
    let timer: number | undefined;
    // After the frame that shows what is there.
    const frame = requestAnimationFrame(() => {
      timer = window.setTimeout(() => setGrown({ of, rows: shown + ROWS_AT_ONCE }));
    });
    return () => {
      cancelAnimationFrame(frame);
      window.clearTimeout(timer);
    };
  }, [of, shown, count]);

  return shown;
}
