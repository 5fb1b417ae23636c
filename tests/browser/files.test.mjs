/* File trees with the real helper: set up, back up, browse, search, download, restore. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { goTo, helperBinary, openPage, startBed } from "./bed.mjs";

const PROJECT = "tree/host1/data";
const REPORT = "last week's figures\n";
/* What a header, a path or a shell would trip over, and what is no UTF-8. */
const HOSTILE = 'a "quoted"; filename=evil.html\r\nX-Evil: 1 <b>ü.csv';
const NO_UTF8 = Buffer.from([0x66, 0xff, 0x2e, 0x62, 0x69, 0x6e]);

function helper(bed, ...args) {
  return execFileSync(helperBinary(), args, { env: bed.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

async function downloaded(page, click) {
  const [download] = await Promise.all([page.waitForEvent("download"), click()]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
}

describe("files", () => {
  let bed;
  let opened;
  let source;
  before(async () => {
    bed = await startBed({ settings: { storages: { daily: { type: "incremental", max_generations: 3 } } } });
    source = join(bed.dir, "source");
    mkdirSync(join(source, "reports", "2026"), { recursive: true });
    writeFileSync(join(source, "reports", "2026", "figures.csv"), REPORT);
    writeFileSync(join(source, "notes.txt"), "old");
    writeFileSync(join(source, HOSTILE), "hostile");
    writeFileSync(Buffer.concat([Buffer.from(source + "/"), NO_UTF8]), "bytes");
    const config = { ...JSON.parse(readFileSync(join(bed.dir, "config.json"), "utf8")) };
    config.backups = [{ name: "data", agent: "host1", storage: "daily", sources: [{ path: source }] }];
    writeFileSync(join(bed.dir, "config.json"), JSON.stringify(config));
    helper(bed, "tree", "backup", "data");
    writeFileSync(join(source, "reports", "2026", "figures.csv"), "this week's\n");
    writeFileSync(join(source, "notes.txt"), "new, and longer");
    helper(bed, "tree", "backup", "data");
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  const points = () => opened.frame.locator("[data-point]");
  const entry = (name) => opened.frame.locator(".backup-entry", { has: opened.frame.getByText(name, { exact: true }) });

  async function browse(path = "/") {
    const { page, frame } = opened;
    await goTo(page, bed, `/files?project=${encodeURIComponent(PROJECT)}&path=${encodeURIComponent(path)}`);
    await frame.locator("[data-entry]").first().waitFor();
  }

  test("one file out of last week's backup in at most 5 clicks from the page's opening", async () => {
    const { page, frame } = await openPage(bed);
    let clicks = 0;
    const click = async (locator) => {
      clicks++;
      await locator.click();
    };
    await click(frame.getByRole("tab", { name: "Files" }));
    await click(frame.getByRole("link", { name: "data", exact: true }));
    await click(frame.locator("[data-point]").last());
    // What is typed is searched for in what is shown.
    await frame.locator("[data-entry='notes.txt']").getByText("3 bytes").waitFor();
    await click(frame.getByRole("textbox", { name: "Search here by name" }));
    await page.keyboard.type("figures");
    const button = frame.getByRole("button", { name: "Download figures.csv" });
    const { name, content } = await downloaded(page, () => click(button));
    assert.ok(clicks <= 5, `${clicks} clicks`);
    assert.equal(name, "figures.csv");
    assert.equal(content.toString(), REPORT);
    await page.close();
  });

  test("each point has what was there then; it begins at the source, and what is above is not hidden", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, `/files?project=${encodeURIComponent(PROJECT)}`);
    await entry("notes.txt").waitFor();
    await entry("notes.txt").getByText("15 bytes").waitFor();
    assert.equal(await points().count(), 2);
    await points().last().click();
    await entry("notes.txt").getByText("3 bytes").waitFor();
    await frame.getByRole("link", { name: "reports", exact: true }).click();
    await frame.getByRole("link", { name: "2026", exact: true }).click();
    await entry("figures.csv").waitFor();
    // Cockpit's shell hears of it a moment after the page.
    await page.waitForURL(/reports(%2F|\/)2026$/);
    await page.goBack();
    await frame.getByRole("link", { name: "2026", exact: true }).waitFor();
    await frame.getByRole("navigation", { name: "Where in the backup" }).getByRole("link", { name: "source", exact: true }).click();
    await entry("notes.txt").waitFor();
    await frame.getByRole("navigation", { name: "Where in the backup" }).getByRole("link", { name: "var", exact: true }).click();
    await frame.locator("[data-entry=tmp]").waitFor();
  });

  test("names that are hostile, or no UTF-8, come down whole and under a name that can be one", async () => {
    const { page, frame } = opened;
    await browse(source);
    const hostile = await downloaded(page, () => frame.locator(".backup-entry", { hasText: "filename=evil" }).getByRole("button", { name: /^Download/ }).click());
    assert.equal(hostile.content.toString(), "hostile");
    assert.doesNotMatch(hostile.name, /[\r\n/]/);
    assert.match(hostile.name, /ü\.csv$/);
    const bytes = await downloaded(page, () => frame.locator(".backup-entry", { hasText: ".bin" }).getByRole("button", { name: /^Download/ }).click());
    assert.equal(bytes.content.toString(), "bytes");
  });

  test("a directory is restored beside what is there; what will happen is said before", async () => {
    const { page, frame } = opened;
    await browse(source);
    await points().last().click();
    await entry("notes.txt").getByText("3 bytes").waitFor();
    await entry("notes.txt").getByRole("button", { name: "Restore notes.txt" }).click();
    const dialog = frame.getByRole("dialog");
    const target = join(bed.dir, "restored");
    await dialog.getByRole("textbox", { name: "Directory" }).fill("relative");
    await dialog.getByText("The path begins with “/”").waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Restore", exact: true }).isDisabled(), true);
    await dialog.getByRole("textbox", { name: "Directory" }).fill(target);
    await dialog.getByText(`It goes to ${target}${source}/notes.txt`).waitFor();
    await dialog.getByText("1 file, 3 bytes, is written").waitFor();
    await dialog.getByRole("button", { name: "Restore", exact: true }).click();
    await frame.locator("[data-ended-job]", { hasText: "Restore of files" }).waitFor();
    assert.equal(readFileSync(join(target, source, "notes.txt"), "utf8"), "old");
    assert.equal(readFileSync(join(source, "notes.txt"), "utf8"), "new, and longer");
    await page.keyboard.press("Escape");
  });

  test("a tree is set up in a form, which says what is wrong; backed up, browsed, and given up", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/files");
    await frame.getByRole("button", { name: "Back up files" }).click();
    const dialog = frame.getByRole("dialog");
    await dialog.getByLabel("Name").fill("reports");
    await dialog.getByLabel("Directories").fill("reports");
    await dialog.getByText("“reports” does not begin with “/”").waitFor();
    await dialog.getByLabel("Directories").fill("/no/such/directory");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("“/no/such/directory” is not there").waitFor();
    await dialog.getByLabel("Directories").fill(join(source, "reports"));
    await dialog.getByLabel("Leave out").fill("*.tmp");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.waitFor({ state: "detached" });
    const config = JSON.parse(readFileSync(join(bed.dir, "config.json"), "utf8"));
    assert.deepEqual(config.storages.reports, { type: "incremental", max_generations: 4, full_interval: 7 });
    assert.deepEqual(config.backups[1].sources, [{ path: join(source, "reports") }]);

    const row = frame.locator("[data-tree]", { hasText: "reports" }).last();
    await row.getByRole("button", { name: "Back up now: reports" }).click();
    await row.getByText(/just now|minute/).waitFor();
    await row.getByRole("link", { name: "reports", exact: true }).click();
    await frame.getByRole("link", { name: "2026", exact: true }).waitFor();
    await goTo(page, bed, "/files");
    await row.getByRole("button", { name: "Actions for reports" }).click();
    await frame.getByRole("menuitem", { name: "Do not back up any more" }).click();
    await frame.getByRole("dialog").getByRole("button", { name: "Do not back up any more" }).click();
    await row.getByText("Not backed up any more").waitFor();
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});
