import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One of the JSON views that both sides check against. */
export function golden(name: string): unknown {
  return JSON.parse(readFileSync(join(HERE, "../../tests/golden/views", name), "utf8"));
}
