/*
 * How the page bears 1,000 machines, 10,000 backups, 200,000 log lines and a directory of a million
 * files, in Chromium:
 *
 *   tests/bed node tests/browser/bench.mjs [RUNS]
 *
 * Prints, for each step, the longest time in which the page drew no frame and the longest task, both as
 * medians of the runs (3), and how long the page takes to be usable. Figures, not a test: what they say
 * depends on the machine, and on what else it does.
 */
import { readFileSync } from "node:fs";
import { loadavg } from "node:os";

import { goTo, openPage } from "./bed.mjs";
import { golden, logLines, startScenario, wholeHost } from "./scenario.mjs";

const VMS = 1000;
const BACKUPS = 10_000;
const LINES = 200_000;
const FILES = 1_000_000;
const LIMIT_MS = 100;
const runs = Number(process.argv[2] ?? 3);

function largeHost() {
  const host = wholeHost();
  const [, vm] = host["vm.list"].items;
  const [, , , backup] = host["backup.list"].items;
  const trees = host["backup.list"].items.filter(({ project_id }) => project_id.startsWith("tree/"));
  host["vm.list"].items = Array.from({ length: VMS }, (_unused, index) => ({ ...vm, name: `vm${index}`, uuid: `uuid-${index}` }));
  host["backup.list"].items = trees.concat(
    Array.from({ length: BACKUPS }, (_unused, index) => ({
      ...backup,
      project_id: `vm/vm${index % VMS}`,
      id: `vm${index % VMS}-Base-${20200000 + index}_020000`,
    })),
  );
  host["job.follow"] = { ...host["job.follow"], log: [] };
  host["tree.browse"] = {
    items: Array.from({ length: 500 }, (_unused, index) => ({ ...golden("tree-entry.json"), name: `file-${index}` })),
    result: { ...golden("tree-browse-result.json"), count: FILES, entries_count: FILES },
  };
  return host;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/* In the page: the longest gap between two frames, and the longest task. */
function watchTasks() {
  window.watched = { gap: 0, task: 0 };
  new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (window.watched.task = Math.max(window.watched.task, duration)))).observe({
    type: "longtask",
    buffered: true,
  });
}

function watchFrames() {
  let last = performance.now();
  const frame = (now) => {
    window.watched.gap = Math.max(window.watched.gap, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function scroll(box) {
  return box.evaluate(async (element) => {
    for (let step = 0; step < 60; step++) {
      element.scrollTop = (element.scrollHeight * (step % 20)) / 20;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });
}

async function run(figures) {
  const note = (step, name, value) => {
    const known = figures.get(step) ?? {};
    figures.set(step, { ...known, [name]: [...(known[name] ?? []), value] });
  };
  const host = largeHost();
  const bed = await startScenario(host);
  try {
    await bed.context.addInitScript(watchTasks);
    const begin = performance.now();
    const { page, frame } = await openPage(bed);
    await frame.locator("[data-vm=vm0]").waitFor();
    let inner = page.frame({ name: "cockpit1:localhost/backup" });
    note("usable, Cockpit's own start included", "ms", performance.now() - begin);
    note("usable, from the opening of the page itself", "ms", await inner.evaluate(() => performance.now()));

    // The log comes while the page is open, as after the connection was lost.
    bed.say({ ...host, "job.follow": { ...host["job.follow"], logRepeat: { count: LINES, line: logLines(1)[0] } } });
    await page.reload();
    await frame.locator("[data-vm=vm0]").waitFor();
    inner = page.frame({ name: "cockpit1:localhost/backup" });
    await inner.evaluate(watchFrames);

    async function step(name, act) {
      await inner.evaluate(() => Object.assign(window.watched, { gap: 0, task: 0 }));
      await act();
      await inner.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      const { gap, task } = await inner.evaluate(() => window.watched);
      note(name, "gap", gap);
      note(name, "task", task);
    }

    await step(`${LINES} log lines come`, () => frame.locator(`.backup-log[data-lines="${LINES}"]`).waitFor({ timeout: 300_000 }));
    await step("log scrolled", () => scroll(frame.locator(".backup-log")));
    await step("all machines selected", () => frame.getByRole("checkbox", { name: "Select all" }).check());
    await step("machines searched", () => frame.getByRole("textbox", { name: "Search by name, state or disk" }).pressSequentially("vm99"));
    await step("backups shown", async () => {
      await goTo(page, bed, "/backups");
      await frame.locator("[data-backup], [data-project]").first().waitFor();
    });
    await step("backups searched", () => frame.getByRole("textbox", { name: /^Search by/ }).first().pressSequentially("vm99"));
    await step("files shown", async () => {
      await goTo(page, bed, "/files?project=tree%2Fhost1%2Fdatabases&path=%2Fsrv%2Fdata");
      await frame.locator("[data-entry]").first().waitFor();
    });
    await step(`${FILES} files scrolled`, () => scroll(frame.locator(".backup-entries")));
    await step("activity shown", async () => {
      await goTo(page, bed, "/activity");
      await frame.locator("[data-event]").first().waitFor();
    });
    await step("log filtered", () => frame.getByRole("combobox", { name: "Least level" }).selectOption("info"));
    await step("log searched", () => frame.getByRole("textbox", { name: "Search the log" }).pressSequentially("web1"));
    await step("settings shown", async () => {
      await goTo(page, bed, "/settings");
      await frame.locator("[data-schedule]").first().waitFor();
    });
  } finally {
    await bed.close();
  }
}

const figures = new Map();
console.log(`${runs} runs; load ${loadavg()[0].toFixed(1)} of ${readFileSync("/proc/cpuinfo", "utf8").match(/^processor/gm).length} processors`);
for (let count = 0; count < runs; count++) {
  await run(figures);
}
for (const [step, { ms, gap, task }] of figures) {
  const text = ms !== undefined ? `${Math.round(median(ms))} ms` : `longest frame ${Math.round(median(gap))} ms, longest task ${Math.round(median(task))} ms`;
  const over = gap !== undefined && median(gap) > LIMIT_MS ? `  over ${LIMIT_MS} ms` : "";
  console.log(`${step.padEnd(45)} ${text}${over}`);
}
