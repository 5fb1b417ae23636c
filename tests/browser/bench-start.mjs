/*
 * How long it takes from the click on “Backups” in Cockpit's menu until the page can be used: the first
 * machine stands in the list, its box can be ticked, and a frame with it was drawn.
 *
 * Cockpit itself is loaded before, with another page in it. Taken twice: by a browser that has never seen
 * the page, and in a new tab of one that has it in its cache.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

import { profilePath, startProfile } from "./bench-watch.mjs";
import { cockpitBackup } from "./helper.mjs";

const FRAME_NAME = "cockpit1:localhost/backup";

/* In the page, before anything of its script: when things first were. Times are the page's own. */
function watchStart() {
  const marks = (window.startMarks = {});
  const mark = (name) => (marks[name] ??= performance.now());
  /* Cockpit's shell hands on what the helper says. */
  window.addEventListener(
    "message",
    ({ data }) => {
      if (typeof data !== "string") {
        return;
      }
      mark("message");
      if (/^[^\n]+\n\{"item":\{"name"/.test(data.slice(0, 100))) {
        mark("item");
      }
      // The last line of its frame, which may have machines before it.
      if (/^\{"result":.{0,40}"unused_images"/.test(data.slice(data.lastIndexOf("\n") + 1))) {
        mark("listed");
      }
    },
    true,
  );
  new PerformanceObserver((list) => list.getEntries().forEach(({ name, startTime }) => name === "first-contentful-paint" && (marks.paint = startTime))).observe({
    type: "paint",
    buffered: true,
  });
  new MutationObserver((_list, observer) => {
    if (document.querySelector("[data-vm] input:not([disabled])") !== null) {
      mark("row");
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => mark("usable"), 0));
    }
  }).observe(document, { childList: true, subtree: true, attributes: true });
}

function readStart() {
  const [navigation] = performance.getEntriesByType("navigation");
  const ends = Object.fromEntries(performance.getEntriesByType("resource").map(({ name, responseEnd }) => [name.split("/").pop(), responseEnd]));
  const { startMarks: marks } = window;
  return {
    origin: performance.timeOrigin,
    html: navigation.responseEnd,
    cockpitLibrary: ends["cockpit.js"],
    styles: ends["index.css"],
    script: ends["index.js"],
    parsed: navigation.domInteractive,
    run: navigation.domContentLoadedEventEnd,
    ...marks,
  };
}

async function openShell(bed) {
  const page = await bed.context.newPage();
  await page.goto(`http://127.0.0.1:${bed.port}/users`);
  await page.frameLocator('iframe[name="cockpit1:localhost/users"]').locator("body *").first().waitFor();
  // Its own start is over.
  await page.waitForTimeout(1500);
  return page;
}

async function start(bed, profile) {
  const page = await openShell(bed);
  const stopProfile = profile === null ? null : await startProfile(page);
  const link = page.locator('#host-apps a[href$="/backup"]');
  const clicked = await link.evaluate((element) => {
    const now = performance.timeOrigin + performance.now();
    element.click();
    return now;
  });
  await page.frameLocator(`iframe[name="${FRAME_NAME}"]`).locator("[data-vm] input").first().waitFor();
  const inner = page.frame({ name: FRAME_NAME });
  await inner.waitForFunction(() => window.startMarks.usable !== undefined);
  await stopProfile?.(profile);
  const read = await inner.evaluate(readStart);
  await page.close();
  const begun = read.origin - clicked;
  delete read.origin;
  return { navigation: begun, ...Object.fromEntries(Object.entries(read).map(([name, ms]) => [name, ms + begun])) };
}

const PARTS = {
  navigation: "Cockpit's menu has begun to open the page",
  html: "index.html is there",
  cockpitLibrary: "cockpit.js is there",
  styles: "the styles are there",
  script: "the script is there",
  parsed: "the document is read",
  run: "the script has run",
  paint: "something is drawn",
  message: "Cockpit's first word",
  item: "the helper's first machine",
  listed: "the helper's last machine",
  row: "the first machine stands in the list",
  usable: "USABLE",
};

/* Puts the watching before the page's own script, in this bed: the bridge serves no file that was not there when it began. */
function plantWatch(bed) {
  const path = join(bed.dir, "share", "cockpit", "backup", "index.js.gz");
  writeFileSync(path, gzipSync(`(${watchStart.toString()})();\n${gunzipSync(readFileSync(path)).toString()}`));
}

/** Notes under `what` the parts of a first start and of one from the cache. Before anything of the bed was opened. */
export async function noteStart(bed, what, note, profiles) {
  plantWatch(bed);
  for (const how of ["first visit", "from the cache"]) {
    const parts = await start(bed, profiles === null ? null : profilePath(profiles, `${what}, ${how}`));
    for (const [name, text] of Object.entries(PARTS)) {
      note(`${what}, ${how}: ${text}`, "ms", parts[name]);
    }
  }
}

/** How long the helper takes by itself, as a program of the shell. */
export async function noteHelper(bed, note) {
  const begin = performance.now();
  await cockpitBackup(bed, "vm", "list", "--json");
  note("the real helper alone: vm list", "ms", performance.now() - begin);
}
