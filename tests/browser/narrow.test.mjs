/* A telephone's width, where rows stand as cards and no column can be pressed: lists are sorted all the same. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { violations } from "./axe.mjs";
import { goTo, openPage } from "./bed.mjs";
import { focused, inner, settled, shot } from "./look.mjs";
import { startScenario, wholeHost } from "./scenario.mjs";

const NARROW = { width: 375, height: 812 };

describe("narrow", () => {
  let bed;
  let opened;
  before(async () => {
    bed = await startScenario(wholeHost(), { viewport: NARROW });
    opened = await openPage(bed);
    await opened.frame.locator("[data-vm=web1]").waitFor();
  });
  after(() => bed?.close());

  const toggle = (name) => opened.frame.getByRole("button", { name, exact: true });
  const choose = (name) => opened.frame.getByRole("option", { name, exact: true });

  /** Waits until the rows stand in this order. */
  const stand = (attribute, names) =>
    inner(opened.page).waitForFunction(
      ([of, wanted]) => [...document.querySelectorAll(`[${of}]`)].map((row) => row.getAttribute(of)).join() === wanted.join(),
      [attribute, names],
    );

  test("machines: by another column, and the other way round", async () => {
    const { page } = opened;
    await stand("data-vm", ["db1", "mail.example.org", "web1"]);
    await toggle("Sorted by Name, ascending").click();
    await choose("Size").waitFor();
    await choose("Name").and(opened.frame.locator("[aria-selected='true']")).waitFor();
    await settled(page, opened.frame);
    assert.deepEqual(await violations(page), []);
    await shot(page, "sort-narrow");
    await choose("Size").click();
    await choose("Size").waitFor({ state: "detached" });
    await stand("data-vm", ["mail.example.org", "web1", "db1"]);
    await toggle("Sorted by Size, ascending").click();
    await choose("Descending").click();
    await focused(opened.frame, toggle("Sorted by Size, descending"));
    await stand("data-vm", ["db1", "mail.example.org", "web1"]);
  });

  test("machines, by the keyboard: arrows choose, Escape leaves it as it was", async () => {
    const { page } = opened;
    await toggle("Sorted by Size, descending").focus();
    await page.keyboard.press("Enter");
    await choose("Name").waitFor();
    await page.keyboard.press("Escape");
    await choose("Name").waitFor({ state: "detached" });
    await focused(opened.frame, toggle("Sorted by Size, descending"));
    await page.keyboard.press("Enter");
    await inner(page).waitForFunction(() => document.activeElement.getAttribute("role") === "option");
    await page.keyboard.press("Enter");
    await toggle("Sorted by Name, descending").waitFor();
    await stand("data-vm", ["web1", "mail.example.org", "db1"]);
  });

  test("backups: of one project, by when they were made", async () => {
    const { page } = opened;
    await goTo(page, bed, "/backups?project=vm%2Fdb1");
    await toggle("Sorted by Made, descending").click();
    await choose("Ascending").click();
    await stand("data-backup", ["db1-Base-20261110_020000", "db1-Base-20261121_020000"]);
    await settled(page, opened.frame);
    assert.deepEqual(await violations(page), []);
  });

  test("a card's cells have its width: no button stands beside them", async () => {
    const { page, frame } = opened;
    const widthOf = (selector) => frame.locator(selector).first().evaluate((cell) => cell.clientWidth);
    for (const [address, row, column] of [["/files", "[data-tree]", "Directories"], ["/backups", "[data-backup]", "Made"], ["/vms", "[data-vm]", "Last backup"]]) {
      await goTo(page, bed, address);
      await frame.locator(row).first().waitFor();
      await settled(page, frame);
      const width = await widthOf(`${row} td[data-label="${column}"]`);
      assert.ok(width > NARROW.width * 0.7, `${address}: ${width} px`);
      assert.equal(await inner(page).evaluate(() => document.documentElement.scrollWidth), NARROW.width);
    }
    await goTo(page, bed, "/backups?project=vm%2Fdb1");
    await frame.locator("[data-backup]").first().waitFor();
  });

  test("on a desk there is nothing of it", async () => {
    const { page } = opened;
    await page.setViewportSize({ width: 1400, height: 1000 });
    await toggle("Sorted by Made, ascending").waitFor({ state: "hidden" });
    await opened.frame.getByRole("button", { name: "Made", exact: true }).waitFor();
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});

describe("narrow, in Brazilian Portuguese", () => {
  let bed;
  before(async () => (bed = await startScenario(wholeHost(), { language: "pt-BR", viewport: NARROW })));
  after(() => bed?.close());

  test("the sorting is in it too", async () => {
    const { page, frame } = await openPage(bed);
    await frame.getByRole("button", { name: "Ordenado por Nome, crescente" }).click();
    await frame.getByRole("option", { name: "Decrescente" }).waitFor();
    await settled(page, frame);
    assert.deepEqual(await violations(page), []);
    await shot(page, "sort-narrow-pt_BR");
  });
});
