/* Whatever goes away or is switched off under a person's hands, the focus is not lost with it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { WAIT_MS, goTo, openPage } from "./bed.mjs";
import { focused, inner } from "./look.mjs";
import { golden, startScenario, wholeHost } from "./scenario.mjs";

const job = golden("job.json");
const over = (op, projects) => ({
  ...job,
  id: "20261121_020000-0badcafe",
  op,
  projects,
  state: "completed",
  finished_at: new Date().toISOString(),
  result: { count: 1, size_bytes: 1e6 },
});

/** A host on which nothing runs, so that everything can be pressed. */
function idleHost() {
  const host = wholeHost();
  const quiet = host["vm.list"].items.map((vm) => ({ ...vm, job_id: null }));
  return { ...host, "vm.list": { ...host["vm.list"], items: quiet }, "job.list": { result: { count: 0 }, open: true } };
}

describe("focus", () => {
  let bed;
  let opened;
  before(async () => {
    bed = await startScenario(idleHost());
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  /** What a screen reader would say has the focus; waits until it is what is wanted. */
  async function focusIs(wanted) {
    const name = () => {
      const { activeElement: element } = document;
      return element === document.body ? "(nothing)" : (element.getAttribute("aria-label") ?? element.textContent);
    };
    const matches = (pattern) => new RegExp(pattern).test(document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent) && document.activeElement !== document.body;
    await inner(opened.page)
      .waitForFunction(matches, wanted.source, { timeout: WAIT_MS })
      .catch(async () => assert.match(await inner(opened.page).evaluate(name), wanted));
  }

  test("a deleted backup's is with the next one's menu", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/backups?project=vm%2Fweb1");
    const toggle = frame.getByRole("button", { name: "Actions of web1-Inc-20261120_020000" });
    await toggle.focus();
    await page.keyboard.press("Enter");
    // The menu takes the focus a moment after it is there.
    await focused(frame, frame.getByRole("menuitem", { name: "Export" }));
    const host = idleHost();
    host["backup.delete"] = { result: { ...golden("backup-delete-plan.json"), cycle_vm: null, job_id: null, asks_for_name: false, dependents: [] } };
    bed.say(host);
    await page.keyboard.press("ArrowUp");
    await focused(frame, frame.getByRole("menuitem", { name: "Delete…" }));
    await page.keyboard.press("Enter");
    const remove = frame.getByRole("dialog").getByRole("button", { name: "Delete", exact: true });
    await remove.and(frame.locator(":enabled")).focus();
    const left = host["backup.list"].items.filter(({ id }) => id !== "web1-Inc-20261120_020000");
    bed.say({ ...host, "backup.list": { items: left }, "backup.delete": { progress: [over("backup.delete", ["vm/web1"])] } });
    await page.keyboard.press("Enter");
    await toggle.waitFor({ state: "detached" });
    await focusIs(/^Actions of web1-Inc-20261119_020000$/);
  });

  test("a message that is put away leaves it in the page", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/backups");
    await frame.getByRole("checkbox", { name: "Select web1-Base-20261118_020000" }).focus();
    await page.keyboard.press("Space");
    bed.say({ ...idleHost(), "backup.verify": { problem: "busy", message: "Another run is at work." } });
    await frame.getByRole("button", { name: "Verify selected" }).and(frame.locator(":enabled")).focus();
    await page.keyboard.press("Enter");
    const message = frame.locator(".pf-v6-c-alert", { hasText: "not started" });
    await message.getByRole("button", { name: "Close" }).focus();
    await page.keyboard.press("Enter");
    await message.waitFor({ state: "detached" });
    await focusIs(/^Verify selected$/);
  });

  test("a button there is nothing more to do with hands it on", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/vms");
    await frame.getByRole("checkbox", { name: "Select db1" }).focus();
    await page.keyboard.press("Space");
    await frame.getByRole("button", { name: "Back up selected" }).and(frame.locator(":enabled")).focus();
    await page.keyboard.press("Enter");
    const start = frame.getByRole("dialog").getByRole("button", { name: "Start the backup" });
    await start.and(frame.locator(":enabled")).focus();
    bed.say({ ...idleHost(), "vm.backup": { problem: "busy", message: "Another run is at work." } });
    await page.keyboard.press("Enter");
    await frame.getByText("Another run is at work.").last().waitFor();
    await focusIs(/^Select all$/);
  });

  test("a search that found nothing, cleared, leaves it in the list", async () => {
    const { page, frame } = opened;
    await frame.getByRole("textbox", { name: "Search by name, state or disk" }).fill("no such machine");
    await frame.getByRole("heading", { name: "Nothing found" }).waitFor();
    await frame.getByRole("button", { name: "Clear the search" }).last().focus();
    await page.keyboard.press("Enter");
    await frame.locator("[data-vm=web1]").waitFor();
    await focusIs(/^Select all$/);
  });

  test("another tab begins at its beginning", async () => {
    const { page, frame } = opened;
    await frame.getByRole("link", { name: "yesterday" }).first().focus();
    await page.keyboard.press("Enter");
    await frame.locator("[data-project='vm/web1']").waitFor();
    await inner(page).waitForFunction(() => document.activeElement.tagName === "MAIN");
    await goTo(page, bed, "/vms");
    await frame.locator("[data-vm=web1]").waitFor();
  });

  test("who clicks beside everything is left alone", async () => {
    const { page, frame } = opened;
    await frame.getByRole("checkbox", { name: "Select web1" }).focus();
    await frame.getByRole("heading", { name: "Live log" }).click();
    await frame.getByRole("textbox", { name: "Search by name, state or disk" }).evaluate((field) => field.toggleAttribute("disabled"));
    await page.waitForTimeout(300);
    const isControl = () => document.activeElement.matches("a, button, input, select, [tabindex='0']");
    assert.equal(await inner(page).evaluate(isControl), false);
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});
