// Builds the page into a directory that Cockpit can serve.
//   node build.mjs [--outdir DIR] [--helper PATH] [--watch]
// --helper is the absolute path of cockpit-backup as Cockpit shall start it.
import { copyFile, mkdir, readFile, readdir, rm, unlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parseArgs } from "node:util";

import * as esbuild from "esbuild";
import * as sass from "sass";

import { pageCatalogue } from "./tools/po.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const BUNDLE_MAX_BYTES = 600_000; // JavaScript and CSS, gzipped

const { values: options } = parseArgs({
  options: {
    outdir: { type: "string", default: join(here, "dist") },
    helper: { type: "string" },
    watch: { type: "boolean", default: false },
  },
});
const outdir = resolve(options.outdir);

const sassPlugin = {
  name: "sass",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, ({ path }) => {
      const compiled = sass.compile(path, {
        loadPaths: [join(here, "node_modules")],
        quietDeps: true,
        logger: sass.Logger.silent,
      });
      return {
        contents: compiled.css,
        loader: "css",
        resolveDir: dirname(path),
        watchFiles: compiled.loadedUrls.map((url) => fileURLToPath(url)),
      };
    });
  },
};

async function writeManifest() {
  const manifest = JSON.parse(await readFile(join(here, "manifest.json"), "utf8"));
  if (options.helper) {
    manifest.bridges[0].spawn[0] = resolve(options.helper);
  }
  await writeFile(join(outdir, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
}

async function writeTranslations() {
  const folder = join(here, "..", "po");
  for (const name of await readdir(folder)) {
    if (name.endsWith(".po")) {
      const script = pageCatalogue(await readFile(join(folder, name)));
      await writeFile(join(outdir, `po.${name.slice(0, -3)}.js`), script);
    }
  }
}

/* As Cockpit's own packages have it: it serves x.js out of x.js.gz, as it is, to whoever takes gzip. */
async function compress() {
  let total = 0;
  for (const name of await readdir(outdir)) {
    if (/\.(js|css)$/.test(name)) {
      const path = join(outdir, name);
      const compressed = gzipSync(await readFile(path), { level: 9 });
      await writeFile(`${path}.gz`, compressed);
      await unlink(path);
      total += name.startsWith("index.") ? compressed.length : 0;
    }
  }
  console.log(`bundle: ${Math.round(total / 1000)} kB gzipped`);
  if (total > BUNDLE_MAX_BYTES) {
    throw new Error(`the bundle is larger than ${BUNDLE_MAX_BYTES / 1000} kB`);
  }
}

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
await copyFile(join(here, "index.html"), join(outdir, "index.html"));
await writeManifest();
await writeTranslations();

const context = await esbuild.context({
  absWorkingDir: here,
  entryPoints: { index: "src/index.tsx" },
  outdir,
  bundle: true,
  minify: !options.watch,
  sourcemap: options.watch ? "inline" : false,
  format: "iife",
  target: ["es2020"],
  legalComments: "external",
  define: { "process.env.NODE_ENV": options.watch ? '"development"' : '"production"' },
  // Cockpit serves the fonts; the pictures belong to a theme of PatternFly that nobody switches on.
  external: ["../../static/*", "./assets/images/*"],
  plugins: [sassPlugin],
  logLevel: "info",
});

if (options.watch) {
  await context.watch();
} else {
  await context.rebuild();
  await context.dispose();
  await compress();
}
