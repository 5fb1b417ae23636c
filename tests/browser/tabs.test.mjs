/* Addresses, back and forward, reload, search, sort, keyboard, live log. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { goTo, openPage, stayLoggedIn, until } from "./bed.mjs";
import { focused, inner } from "./look.mjs";
import { busyHost, logLines, startScenario } from "./scenario.mjs";

describe("tabs", () => {
  let bed;
  let opened;
  before(async () => {
    bed = await startScenario(busyHost());
    await stayLoggedIn(bed);
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  const heading = {
    vms: () => opened.frame.locator("[data-vm=web1]"),
    backups: () => opened.frame.locator("[data-backup]").first(),
    activity: () => opened.frame.locator("[data-job-row]").first(),
  };

  /** Waits until these machines are shown, in this order. */
  const stand = (names) =>
    inner(opened.page).waitForFunction(
      (wanted) => [...document.querySelectorAll("[data-vm]")].map((row) => row.dataset.vm).join() === wanted.join(),
      names,
    );

  test("TESTE 10 – Interface e UX, 10.1: each has its own address; back, forward and reload keep the place", async () => {
    const { page, frame } = opened;
    await heading.vms().waitFor();
    await frame.getByRole("tab", { name: "Backups" }).click();
    await heading.backups().waitFor();
    // Cockpit's shell hears of it a moment after the page.
    await page.waitForURL(/#\/backups$/);
    await frame.getByRole("tab", { name: /Activity/ }).click();
    await heading.activity().waitFor();
    await page.waitForURL(/#\/activity$/);
    assert.equal(await frame.getByRole("tab", { name: /Activity/ }).getAttribute("aria-selected"), "true");
    await page.goBack();
    await heading.backups().waitFor();
    await page.waitForURL(/#\/backups$/);
    await page.goForward();
    await heading.activity().waitFor();
    await page.reload();
    await heading.activity().waitFor();
  });

  test("the backups of one machine have an address too, and its filter can be taken away", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/vms");
    await frame.locator("[data-vm=web1]").getByRole("link", { name: "yesterday" }).click();
    await frame.locator("[data-project='vm/web1']").waitFor();
    await frame.locator("[data-project='vm/db1']").waitFor({ state: "detached" });
    await page.waitForURL(/project=vm/);
    await frame.getByRole("button", { name: "Show the backups of all projects" }).click();
    await frame.locator("[data-project='vm/db1']").waitFor();
  });

  test("search finds by name, state and path; nothing found says so", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/vms");
    const search = frame.getByRole("textbox", { name: "Search by name, state or disk" });
    for (const [text, found] of [["mail", "mail.example.org"], ["shutoff", "db1"], ["web1-data.img", "web1"]]) {
      await search.fill(text);
      await stand([found]);
    }
    await search.fill("no such machine");
    await frame.getByRole("heading", { name: "Nothing found" }).waitFor();
    await frame.getByRole("button", { name: "Clear the search" }).last().click();
    await heading.vms().waitFor();
  });

  test("columns sort either way", async () => {
    const { frame } = opened;
    await stand(["db1", "mail.example.org", "web1"]);
    await frame.getByRole("button", { name: "Size" }).click();
    await stand(["mail.example.org", "web1", "db1"]);
    await frame.getByRole("button", { name: "Size" }).click();
    await stand(["db1", "mail.example.org", "web1"]);
    await frame.getByRole("button", { name: "Name" }).click();
    await stand(["db1", "mail.example.org", "web1"]);
  });

  test("a backup can be begun by keyboard alone, and focus comes back", async () => {
    const { page, frame } = opened;
    await frame.getByRole("checkbox", { name: "Select db1" }).focus();
    await page.keyboard.press("Space");
    const button = frame.getByRole("button", { name: "Back up selected" });
    await button.and(frame.locator(":enabled")).focus();
    await page.keyboard.press("Enter");
    const dialog = frame.getByRole("dialog");
    await dialog.waitFor();
    await dialog.locator(":focus").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await focused(frame, button);
    await frame.getByRole("checkbox", { name: "Select db1" }).uncheck();
  });

  test("TESTE 10 – Interface e UX, 10.3: the tooltip tells all paths, by keyboard too", async () => {
    const { page, frame } = opened;
    await frame.locator("[data-vm=web1] .backup-disks").focus();
    const tooltip = frame.getByRole("tooltip");
    await tooltip.waitFor();
    assert.match(await tooltip.innerText(), /web1\.qcow2\s+.*web1-data\.img/);
    await page.keyboard.press("Escape");
    await frame.getByRole("textbox", { name: "Search by name, state or disk" }).focus();
  });

  test("TESTE 10 – Interface e UX, 10.5: badges of states", async () => {
    const colours = { web1: ["Running", "green"], "mail.example.org": ["Paused", "orange"] };
    for (const [name, [text, colour]] of Object.entries(colours)) {
      const badge = opened.frame.locator(`[data-vm="${name}"] .pf-v6-c-label`).first();
      assert.equal(await badge.innerText(), text);
      assert.match(await badge.getAttribute("class"), new RegExp(`pf-m-${colour}`));
    }
  });
});

describe("live log", () => {
  let bed;
  let opened;
  const lines = 5000;
  before(async () => {
    const scenario = busyHost();
    scenario["job.follow"].log = logLines(lines);
    bed = await startScenario(scenario);
    opened = await openPage(bed);
    await opened.frame.locator(`.backup-log[data-lines="${lines}"]`).waitFor();
  });
  after(() => bed?.close());

  const log = () => opened.frame.locator(".backup-log");
  const isAtEnd = () =>
    log().evaluate((box) => box.scrollTop + box.clientHeight >= box.scrollHeight - 22);

  test("TESTE 10 – Interface e UX, 10.4: many lines: the newest is in view, and only those in view are drawn", async () => {
    await until(isAtEnd, "the newest is in view");
    assert.ok((await log().locator(".backup-log-row").count()) < 100);
  });

  test("scrolled up it stays there; going to the end follows again", async () => {
    await log().evaluate((box) => (box.scrollTop = 0));
    await opened.frame.getByRole("button", { name: "Go to the end" }).click();
    await opened.frame.getByRole("button", { name: "Go to the end" }).waitFor({ state: "detached" });
    await until(isAtEnd, "the end is in view");
  });

  test("TESTE 10 – Interface e UX, 10.4: cleared it waits for what comes", async () => {
    await opened.frame.getByRole("button", { name: "Clear", exact: true }).click();
    await log().getByText("Waiting for something to happen.").waitFor();
  });
});
