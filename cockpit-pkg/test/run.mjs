// Bundles the unit tests with esbuild and runs them: node test/run.mjs [NAME...]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const tests = readdirSync(here)
  .filter((name) => /\.test\.tsx?$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)));

// The build's own tools are tested where they stand: they find the sources beside them.
const toolsPlugin = {
  name: "tools",
  setup(build) {
    build.onResolve({ filter: /\/tools\// }, ({ path, resolveDir }) => ({ path: join(resolveDir, path), external: true }));
  },
};

const outdir = mkdtempSync(join(tmpdir(), "cockpit-backup-page-test-"));
try {
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: tests,
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    jsx: "automatic",
    loader: { ".css": "empty", ".scss": "empty" },
    define: { HERE: JSON.stringify(here) },
    plugins: [toolsPlugin],
    logLevel: "warning",
  });
  const files = readdirSync(outdir).map((name) => join(outdir, name));
  const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=tap", ...files], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
