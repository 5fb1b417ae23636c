/* What tests of the look share. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { results } from "./bed.mjs";

export const inner = (page) => page.frame({ name: "cockpit1:localhost/backup" });

/** Until it has the focus: dialogs and menus take it, and give it back, a moment after they have come or gone. */
export const focused = (frame, locator) => locator.and(frame.locator(":focus")).waitFor();

/* In the page: what was measured is drawn, and no movement that has an end goes on. */
async function isStill() {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const ends = ({ effect }) => effect?.getComputedTiming().endTime !== Infinity;
  return document.getAnimations().every((animation) => !ends(animation) || animation.playState !== "running");
}

/** Nothing moves, but what always does: what fades in has another colour until it is there. */
export async function still(page) {
  for (const document of [page, inner(page)]) {
    await document.waitForFunction(isStill);
  }
}

/** Nothing loads either. */
export async function settled(page, frame) {
  await frame.locator(".pf-v6-c-spinner, .pf-v6-c-skeleton").first().waitFor({ state: "detached" });
  await still(page);
}

export async function shot(page, name) {
  mkdirSync(results, { recursive: true });
  await page.screenshot({ path: join(results, `${name}.png`) });
}
