// Runs the browser tests, one file after the other: node run.mjs [NAME...]
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith(".test.mjs"))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .map((name) => join(here, name));

if (files.length === 0) {
  console.error(`no browser test is named ${wanted.join(" or ")}`);
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  ["--test", "--test-reporter=tap", "--test-concurrency=1", ...files],
  { stdio: "inherit" },
);
process.exitCode = status ?? 1;
