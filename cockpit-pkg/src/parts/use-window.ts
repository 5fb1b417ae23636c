import { type RefObject, useLayoutEffect, useState } from "react";

/** Rows drawn above and below those in view. */
const ROWS_AROUND = 10;
/** Browsers cut off what is higher (Firefox at 17.8 million); beyond it, scrolling goes in larger steps. */
const HEIGHT_MAX_PX = 8_000_000;

export interface RowWindow {
  first: number;
  /** After the last. */
  end: number;
  /** Of the whole list as the scroll bar sees it. */
  heightPx: number;
  /** Where row `index` is drawn. */
  topOf: (index: number) => number;
  scrolled: () => void;
}

/** Which rows of a long list are in view, all of one height: only those are drawn. */
export function rowWindow(count: number, rowHeight: number, top: number, viewHeight: number): Omit<RowWindow, "scrolled"> {
  const full = count * rowHeight;
  const heightPx = Math.min(full, HEIGHT_MAX_PX);
  const rest = Math.max(1, heightPx - viewHeight);
  // What the first row in view would be at, were the list drawn in its full height.
  const fullTop = full > heightPx ? (Math.min(top, rest) / rest) * (full - viewHeight) : top;
  const first = Math.max(0, Math.floor(fullTop / rowHeight) - ROWS_AROUND);
  const end = Math.min(count, Math.ceil((fullTop + viewHeight) / rowHeight) + ROWS_AROUND);
  return { first, end, heightPx, topOf: (index) => index * rowHeight - fullTop + top };
}

export function useWindow(box: RefObject<HTMLElement>, count: number, rowHeight: number): RowWindow {
  const [view, setView] = useState({ top: 0, height: 600 });

  function measure() {
    const element = box.current;
    if (element !== null) {
      const { scrollTop: top, clientHeight: height } = element;
      setView((known) => (known.top === top && known.height === height ? known : { top, height }));
    }
  }

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) {
      return undefined;
    }
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the box is there as long as the list is
  }, [count]);

  return { ...rowWindow(count, rowHeight, view.top, view.height), scrolled: measure };
}
