/* The page by the keyboard alone: what has the focus, as a person sees and hears it, and the way to the next thing. */
import assert from "node:assert/strict";

import { until } from "./bed.mjs";
import { inner } from "./look.mjs";

const STOPS_MAX = 80;

/* In the page: the element with the focus. */
function lookAtFocus() {
  const { activeElement: element } = document;
  const text = (node) => (node?.innerText ?? "").replace(/\s+/g, " ").trim();
  if (element === null || element === document.body) {
    return { name: "(nothing)", isInDialog: false, isInView: false, isMarked: false };
  }
  const { top, bottom, left, right } = element.getBoundingClientRect();
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
  const isField = element.matches("input:not([type='checkbox']):not([type='radio']), textarea, select");
  return {
    name: element.getAttribute("aria-label") ?? (text(element.labels?.[0]) || text(element) || element.tagName),
    isInDialog: element.closest("[role='dialog']") !== null,
    isInView: bottom > top && right > left && bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
    // A field has its caret, and PatternFly draws its border in another colour.
    isMarked: isField || (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none",
  };
}

export function keys(page) {
  const focus = () => inner(page).evaluate(lookAtFocus);

  function isSeen(at) {
    assert.notEqual(at.name, "(nothing)", "something has the focus");
    assert.ok(at.isInView, `“${at.name}” is in view`);
    assert.ok(at.isMarked, `“${at.name}” shows that it has the focus`);
    return at;
  }

  /** The focus is where a person sees it. */
  const seen = async () => isSeen(await focus());

  return {
    seen,
    press: (...names) => names.reduce((before, name) => before.then(() => page.keyboard.press(name)), Promise.resolve()),
    type: (text) => page.keyboard.type(text),

    /** Waits until what is named like this has it, by itself. */
    async has(pattern) {
      let at;
      await until(async () => pattern.test((at = await focus()).name), `${pattern} has the focus`);
      return isSeen(at);
    },

    /** Step by step to what is named like this; every step is seen. Returns how many there were. */
    async to(pattern, key = "Tab") {
      const way = [];
      while (way.length < STOPS_MAX) {
        await page.keyboard.press(key);
        const { name } = await seen();
        way.push(name);
        if (pattern.test(name)) {
          return way.length;
        }
      }
      return assert.fail(`${pattern} is not reached by ${key}: ${way.join(" | ")}`);
    },
  };
}
