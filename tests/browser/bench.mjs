/*
 * How the page bears 1,000 machines, 10,000 backups, 200,000 log lines and a directory of a million
 * files, and how long it takes to be usable, in Chromium:
 *
 *   ninja -C build; (cd cockpit-pkg && npm ci && npm run build); (cd tests/browser && npm ci)
 *   tests/bed node tests/browser/bench.mjs [--runs 3] [--no-trace] [--profiles DIR] [TOPIC…]
 *
 * Topics: start, real, log, machines, backups, files, activity; without any, all of them. The helper is the
 * scripted one of tests/fakes, but for “real”: the program itself with three machines. Whatever the topic, the
 * page holds all of the host, and all log lines have come before anything but “log” is looked at.
 *
 * For each step it prints, as the median of the runs and, of several, the worst:
 *   frame  the longest time in which the page drew no frame (wall clock): what a person feels
 *   task   the longest task of the page's thread (wall clock; 0: none over 50 ms)
 *   cpu    the longest task in CPU time of that thread, which other work on the machine hardly changes;
 *          what the trace itself costs is in all three (--no-trace leaves it, and cpu, out)
 * and for a start how many ms after the click in Cockpit's menu each part of it was reached. See
 * bench-start.mjs for what “usable” means. --profiles writes a CPU profile of each step, for Chromium's
 * developer tools; it slows the page down.
 *
 * Figures, not a test: what they say depends on the machine, and on what else it does.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";

import { goTo, openPage, startBed } from "./bed.mjs";
import { BACKUPS, FILES, LINES, VMS, largeHost, talkativeHost } from "./bench-host.mjs";
import { noteHelper, noteStart } from "./bench-start.mjs";
import { scroll, watchSteps } from "./bench-watch.mjs";
import { startScenario } from "./scenario.mjs";
import { makeVm } from "./vm.mjs";

const LIMITS_MS = { frame: 100, usable: 1000 };
const REAL_VMS = 3;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "3" },
    "no-trace": { type: "boolean", default: false },
    profiles: { type: "string" },
  },
});

const profiles = options.profiles ?? null;
const figures = new Map();
const note = (step, name, value) => {
  const known = figures.get(step) ?? {};
  figures.set(step, { ...known, [name]: [...(known[name] ?? []), value] });
};

async function logComes(frame, step) {
  await step(`${LINES} log lines come`, () => frame.locator(`.backup-log[data-lines="${LINES}"]`).waitFor({ timeout: 300_000 }));
}

const topics = {
  async log({ frame, step }) {
    await step("log scrolled", () => scroll(frame.locator(".backup-log")));
  },
  async machines({ frame, step }) {
    const search = frame.getByRole("textbox", { name: "Search by name, state or disk" });
    await step(`all of ${VMS} machines selected`, () => frame.getByRole("checkbox", { name: "Select all" }).check());
    await step("machines sorted", () => frame.getByRole("button", { name: "Size", exact: true }).click());
    await step("machines searched", () => search.pressSequentially("vm99"));
    await step("the search cleared", () => search.fill(""));
    await step("100 machines on a page", () => chooseHundred(frame, "vm"));
    await step("all selected, 100 on a page", () => frame.getByRole("checkbox", { name: "Select all" }).uncheck());
    await step("the next page of 100", () => frame.getByRole("button", { name: "Next page" }).click());
  },
  async backups({ page, bed, frame, step }) {
    const search = frame.getByRole("textbox", { name: /^Search by project/ });
    await step(`${BACKUPS} backups shown`, async () => {
      await goTo(page, bed, "/backups");
      await frame.locator("[data-backup]").first().waitFor();
    });
    await step("all backups selected", () => frame.getByRole("checkbox", { name: "Select all" }).check());
    await step("backups sorted", () => frame.getByRole("button", { name: "Size", exact: true }).click());
    await step("backups searched", () => search.pressSequentially("vm99"));
    await step("the search for backups cleared", () => search.fill(""));
    await step("100 backups on a page", () => chooseHundred(frame, "backup"));
    await step("back at the machines", async () => {
      await goTo(page, bed, "/vms");
      await frame.locator("[data-vm]").first().waitFor();
    });
  },
  async files({ page, bed, frame, step }) {
    await step("files shown", async () => {
      await goTo(page, bed, "/files?project=tree%2Fhost1%2Fdatabases&path=%2Fsrv%2Fdata");
      await frame.locator("[data-entry]").first().waitFor();
    });
    await step(`${FILES} files scrolled`, () => scroll(frame.locator(".backup-entries")));
  },
  async activity({ page, bed, frame, step }) {
    const search = frame.getByRole("textbox", { name: "Search the log" });
    await step("activity shown", async () => {
      await goTo(page, bed, "/activity");
      await frame.locator("[data-event]").first().waitFor();
    });
    await step("log filtered", () => frame.getByRole("combobox", { name: "Least level" }).selectOption("info"));
    await step("log searched", () => search.pressSequentially("web1"));
    await step("settings shown", async () => {
      await goTo(page, bed, "/settings");
      await frame.locator("[data-schedule]").first().waitFor();
    });
  },
};

/** A hundred rows a page: the most that a person can choose. */
async function chooseHundred(frame, row) {
  await frame.locator(".pf-v6-c-pagination .pf-v6-c-menu-toggle").first().click();
  await frame.getByRole("menuitem", { name: /^100 / }).click();
  await frame.locator(`[data-${row}]`).nth(99).waitFor();
}

async function atScale(names) {
  const bed = await startScenario(talkativeHost());
  try {
    const { page, frame } = await openPage(bed);
    const inner = page.frame({ name: "cockpit1:localhost/backup" });
    const step = await watchSteps(bed.browser, page, inner, note, { profiles, isTraced: !options["no-trace"] });
    await logComes(frame, names.includes("log") ? step : (_name, act) => act());
    for (const name of names) {
      await topics[name]({ bed, page, frame, step });
    }
  } finally {
    await bed.close();
  }
}

async function starts() {
  const bed = await startScenario(largeHost());
  try {
    await noteStart(bed, `${VMS} machines`, note, profiles);
  } finally {
    await bed.close();
  }
}

async function realStarts() {
  const bed = await startBed();
  try {
    for (let count = 0; count < REAL_VMS; count++) {
      await makeVm(bed, { dataMiB: 1 });
    }
    await noteHelper(bed, note);
    await noteStart(bed, "the real helper", note, profiles);
  } finally {
    await bed.close();
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function summary(values) {
  const worst = values.length > 1 ? ` (worst ${Math.round(Math.max(...values))})` : "";
  return `${Math.round(median(values))} ms${worst}`;
}

function print() {
  for (const [step, { ms, frame, task, cpu }] of figures) {
    const text =
      ms !== undefined
        ? summary(ms)
        : `frame ${summary(frame)}, task ${summary(task)}` + (cpu === undefined ? "" : `, cpu ${summary(cpu)}`);
    const over =
      (frame !== undefined && median(frame) > LIMITS_MS.frame) || (step.endsWith(": USABLE") && median(ms) > LIMITS_MS.usable) ? "  TOO LONG" : "";
    console.log(`${step.padEnd(60)} ${text}${over}`);
  }
}

const all = ["start", "real", ...Object.keys(topics)];
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no topic is named ${unknown.join(" or ")}; there are ${all.join(", ")}`);
  process.exit(2);
}
const chosen = wanted.length === 0 ? all : wanted;
const scale = Object.keys(topics).filter((name) => chosen.includes(name));
if (profiles !== null) {
  mkdirSync(profiles, { recursive: true });
}
const runs = Number(options.runs);
console.log(`${runs} runs; load ${loadavg()[0].toFixed(1)} of ${readFileSync("/proc/cpuinfo", "utf8").match(/^processor/gm).length} processors`);
try {
  for (let count = 0; count < runs; count++) {
    await (chosen.includes("start") && starts());
    await (chosen.includes("real") && realStarts());
    await (scale.length > 0 && atScale(scale));
  }
} finally {
  print();
}
