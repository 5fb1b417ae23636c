/* axe-core inside the page's own frame. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { inner, still } from "./look.mjs";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong in the page, as lines a person can act on. */
export async function violations(page) {
  const frame = inner(page);
  await still(page);
  await frame.evaluate(source);
  const found = await frame.evaluate(() => window.axe.run(document, { iframes: false }));
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary.split("\n").slice(1).join("; ").trim()}`),
  );
}
