/* Counts what a person clicks in the page, from its opening on; keys and typing are no clicks. */
import { inner } from "./look.mjs";

export async function countClicks(page) {
  const frame = inner(page);
  await frame.evaluate(() => {
    globalThis.clicks = 0;
    // A label passes its click on to its field: that second one is not a person's.
    globalThis.addEventListener("click", (event) => (globalThis.clicks += event.isTrusted && event.detail > 0 ? 1 : 0), true);
  });
  return () => frame.evaluate(() => globalThis.clicks);
}
