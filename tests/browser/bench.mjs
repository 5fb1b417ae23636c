/*
 * How the page bears 1,000 machines, 10,000 backups and 200,000 log lines, in Chromium:
 *
 *   tests/bed node tests/browser/bench.mjs
 *
 * Prints how long the page takes to be usable, and the longest frame of each step. A figure, not a
 * test: what it says depends on the machine.
 */
import { goTo, openPage } from "./bed.mjs";
import { busyHost, logLines, startScenario } from "./scenario.mjs";

const VMS = 1000;
const BACKUPS = 10_000;
const LINES = 200_000;

function largeHost() {
  const host = busyHost();
  const [, vm] = host["vm.list"].items;
  const [, , , backup] = host["backup.list"].items;
  host["vm.list"].items = Array.from({ length: VMS }, (_unused, index) => ({ ...vm, name: `vm${index}`, uuid: `uuid-${index}` }));
  host["backup.list"].items = Array.from({ length: BACKUPS }, (_unused, index) => ({
    ...backup,
    project_id: `vm/vm${index % VMS}`,
    id: `vm${index % VMS}-Base-${20200000 + index}_020000`,
  }));
  host["job.follow"].log = logLines(LINES);
  return host;
}

const bed = await startScenario(largeHost());
try {
  await bed.context.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: "longtask",
      buffered: true,
    });
  });
  const begin = performance.now();
  const { page, frame } = await openPage(bed);
  const inner = page.frame({ name: "cockpit1:localhost/backup" });

  async function report(step) {
    const tasks = await inner.evaluate(() => window.longTasks.splice(0));
    const longest = Math.round(Math.max(0, ...tasks));
    console.log(`${step}: longest task ${longest} ms, ${tasks.filter((task) => task > 100).length} over 100 ms`);
  }

  await frame.locator("[data-vm=vm0]").waitFor();
  console.log(`usable after ${Math.round(performance.now() - begin)} ms, Cockpit's own start included`);
  await report("machines are there");
  await frame.locator(`.backup-log[data-lines="${LINES}"]`).waitFor({ timeout: 300_000 });
  await report(`${LINES} log lines came`);
  await frame.locator(".backup-log").evaluate(async (box) => {
    for (let step = 0; step < 60; step++) {
      box.scrollTop = (box.scrollHeight * (step % 20)) / 20;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });
  await report("log scrolled");
  await frame.getByRole("checkbox", { name: "Select all" }).check();
  await report("all machines selected");
  await frame.getByRole("textbox", { name: "Search by name, state or disk" }).pressSequentially("vm99");
  await report("machines searched");
  await goTo(page, bed, "/backups");
  await frame.locator("[data-backup]").first().waitFor();
  await report("backups shown");
  await frame.getByRole("checkbox", { name: "Select all" }).check();
  await report("all backups selected");
  await frame.getByRole("textbox", { name: "Search by project, backup or kind" }).pressSequentially("vm99");
  await report("backups searched");
} finally {
  await bed.close();
}
