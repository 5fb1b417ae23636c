import { startTransition, useDeferredValue, useEffect, useState } from "react";

/** Fewer rows than this are drawn in the frame in which they were asked for. */
const MANY_ROWS = 200;

/**
 * A search, an order, a place as the rows of a long list follow it: what is typed or chosen shows at
 * once, and they are drawn between frames, in slices that the next key press interrupts.
 * @param count  of what is looked through for the rows
 */
export function useLater<T>(value: T, count: number): T {
  const later = useDeferredValue(value);
  return count < MANY_ROWS ? value : later;
}

/**
 * The same for what leaves nothing of the page as it was, such as another tab: it begins after the frame
 * that shows what was pressed, as the browser lets a drawing in slices go on for 100 ms without one.
 */
export function useAfterFrame<T>(value: T, count: number): T {
  const [later, setLater] = useState(value);
  useEffect(() => {
    let timer: number | undefined;
    const frame = requestAnimationFrame(() => {
      timer = window.setTimeout(() => startTransition(() => setLater(value)));
    });
    return () => {
      cancelAnimationFrame(frame);
      window.clearTimeout(timer);
    };
  }, [value]);
  return count < MANY_ROWS ? value : later;
}
