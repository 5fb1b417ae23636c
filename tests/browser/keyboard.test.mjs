/* A new user's three tasks by the keyboard alone: a first backup, one file of last week, a machine as a copy. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { openPage, startBed, stayLoggedIn } from "./bed.mjs";
import { backupsOf, cockpitBackup } from "./helper.mjs";
import { keys } from "./keys.mjs";
import { inner } from "./look.mjs";
import { makeVm, uniqueName, virsh } from "./vm.mjs";

const OLD = "last week's figures\n";

describe("by the keyboard alone", () => {
  let bed;
  let vm;
  let page;
  let frame;
  let problems;
  let at;

  before(async () => {
    bed = await startBed();
    await stayLoggedIn(bed);
    vm = await makeVm(bed, { dataMiB: 4 });
    const source = join(bed.dir, "source");
    mkdirSync(source);
    await cockpitBackup(bed, "tree", "set", "documents", "--source", source);
    for (const content of [OLD, "this week's\n"]) {
      writeFileSync(join(source, "figures.csv"), content);
      await cockpitBackup(bed, "tree", "backup", "documents");
    }
    ({ page, frame, problems } = await openPage(bed));
    at = keys(page);
    await frame.locator(`[data-vm="${vm.name}"]`).waitFor();
    // As Cockpit does when its menu leads here.
    await inner(page).evaluate(() => window.focus());
  });
  after(() => bed?.close());

  const dialog = () => frame.getByRole("dialog");
  const base = () => backupsOf(bed, vm)[0];

  /** A dialog has opened, and has the focus. */
  async function inDialog() {
    await dialog().waitFor();
    await inner(page).waitForFunction(() => document.activeElement.closest("[role='dialog']") !== null);
    return at.seen();
  }

  /** The job has ended; its message is put away, and the focus is still somewhere. */
  async function putAwayMessage(key) {
    await frame.locator("[data-ended-job]").waitFor();
    await focusInPage();
    await at.to(/^Close/, key);
    await at.press("Enter");
    await frame.locator("[data-ended-job]").waitFor({ state: "detached" });
    await focusInPage();
  }

  /** What had it may just have gone, or been switched off: something else gets it. */
  const focusInPage = () => inner(page).waitForFunction(() => document.activeElement.matches("main, main *"));

  test("a dialog that is left by Escape gives the focus back", async () => {
    await at.to(new RegExp(`^Select ${vm.name}$`));
    await at.press("Space");
    await at.to(/^Back up selected$/, "Shift+Tab");
    await at.press("Enter");
    await inDialog();
    await at.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await at.has(/^Back up selected$/);
  });

  test("in a dialog Tab goes round, and never behind it", async () => {
    await at.press("Enter");
    const { name } = await inDialog();
    await dialog().locator(`[data-planned="${vm.name}"]`).waitFor();
    const first = new RegExp(`^${name.replace(/[^\w ]/g, ".")}$`);
    await at.to(/^Start the backup$/);
    await at.to(/^Cancel$/);
    await at.to(first);
    assert.ok((await at.seen()).isInDialog);
    await at.to(/^Cancel$/, "Shift+Tab");
  });

  test("a first backup: chosen, options given, begun by Enter in a field", async () => {
    await at.to(/^Options of this run$/);
    await at.press("Enter");
    await at.to(/^Incrementals before consolidation/);
    await at.type("3");
    await dialog().getByRole("button", { name: "Start the backup" }).and(frame.locator(":enabled")).waitFor();
    await at.press("Enter");
    await dialog().waitFor({ state: "detached" });
    // While the job runs, what could be chosen is switched off: the focus stays where it is only after that.
    await frame.locator(`[data-vm="${vm.name}"]`).getByText(/^Incremental 1 of/).waitFor();
    await putAwayMessage("Shift+Tab");
    assert.match(base(), /-Base-/);
  });

  test("the menu of a row: opened, left by Escape, chosen from by the arrows", async () => {
    const actions = new RegExp(`^Actions of ${vm.name}$`);
    await at.to(actions);
    await at.press("Enter");
    await frame.getByRole("menuitem", { name: "Back up…" }).waitFor();
    await at.press("Escape");
    await frame.getByRole("menuitem", { name: "Back up…" }).waitFor({ state: "detached" });
    await at.has(actions);
    await at.press("Enter");
    await at.has(/^Back up…/);
    await at.press("ArrowDown");
    await at.has(/^Show its backups/);
    await at.press("ArrowUp", "Enter");
    await inDialog();
    await at.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await at.has(actions);
  });

  test("a machine as a copy: its backup is found, and Enter in the form restores it", async () => {
    const copy = uniqueName("copy");
    const images = join(bed.dir, "images");
    bed.atClose(() => virsh("undefine", copy).catch(() => undefined));
    await at.to(/^Backups$/, "Shift+Tab");
    await at.press("Enter");
    await frame.locator(`[data-backup="${base()}"]`).waitFor();
    await at.to(new RegExp(`^Restore ${base()}$`));
    await at.press("Enter");
    await inDialog();
    await at.to(/^Name of the new machine/);
    await at.press("Control+a");
    await at.type(copy);
    await at.to(/^Directory for its disks/);
    await at.press("Control+a");
    await at.type(images);
    await dialog().getByText(`${images}/${copy}-vda.qcow2`).waitFor();
    await at.press("Enter");
    await dialog().waitFor({ state: "detached" });
    await at.has(new RegExp(`^Restore ${base()}$`));
    await putAwayMessage("Shift+Tab");
    assert.match(await virsh("domstate", copy), /shut off/);
  });

  test("one file of an earlier point: found, chosen, downloaded", async () => {
    await at.to(/^Files$/, "Shift+Tab");
    await at.press("Enter");
    await frame.getByRole("link", { name: "documents" }).waitFor();
    await at.to(/^documents$/);
    await at.press("Enter");
    await frame.locator("[data-point]").nth(1).waitFor();
    await frame.locator("[data-entry='figures.csv']").waitFor();
    const newest = await frame.locator("[data-point]").first().innerText();
    await at.to(new RegExp(newest.split("\n")[0].replace(/[^\w]/g, ".")));
    await at.press("ArrowDown", "Enter");
    await inner(page).waitForFunction(() => document.querySelector("[data-point]:last-child [aria-current], [data-point]:last-child .pf-m-selected") !== null);
    await frame.locator(".backup-entry", { hasText: `${OLD.length} bytes` }).waitFor();
    await at.to(/^Download figures\.csv$/);
    const [download] = await Promise.all([page.waitForEvent("download"), at.press("Enter")]);
    assert.equal(readFileSync(await download.path(), "utf8"), OLD);
    await at.has(/^Download figures\.csv$/);
  });

  test("to restore a file there is a dialog, and Escape leads back to its button", async () => {
    await at.to(/^Restore figures\.csv$/);
    await at.press("Enter");
    await inDialog();
    await at.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await at.has(/^Restore figures\.csv$/);
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(problems, []);
  });
});
