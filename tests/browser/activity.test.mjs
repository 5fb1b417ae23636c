/* The event log and its cold backups with the real helper; the live log's search and filters. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { goTo, helperBinary, openPage, startBed, until } from "./bed.mjs";
import { busyHost, logLines, startScenario } from "./scenario.mjs";

describe("event log", () => {
  let bed;
  let opened;
  before(async () => {
    bed = await startBed();
    for (const days of ["7", "8", "9"]) {
      execFileSync(helperBinary(), ["config", "set", "retention_days", days], { env: bed.env });
    }
    opened = await openPage(bed);
    await goTo(opened.page, bed, "/activity");
    await opened.frame.locator("[data-event]").nth(2).waitFor();
  });
  after(() => bed?.close());

  const segment = () => join(bed.config.state_dir, "event-log", "segment-000001.json");

  test("a cold backup is made, listed and downloaded; how to restore it is said", async () => {
    const { page, frame } = opened;
    await frame.getByRole("button", { name: "Make a cold backup" }).click();
    await frame.locator("[data-cold]").waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      frame.locator("[data-cold]").getByRole("button", { name: /^Download/ }).click(),
    ]);
    assert.match(download.suggestedFilename(), /^backups-export-.*\.tar\.gz$/);
    assert.ok(readFileSync(await download.path()).length > 0);
    // Recorded when all was sent: later than the browser has it, and before the log is changed below.
    await until(() => readFileSync(segment(), "utf8").includes('"backup.exported"'), "the download is an event");
    const command = await frame.getByRole("textbox", { name: "Command that restores a cold backup" }).inputValue();
    assert.match(command, /^cockpit-backup event-log restore event-log\/default\/backup-eventlog-/);
  });

  test("verified in full it says so; after a change, which event is broken", async () => {
    const { frame } = opened;
    await frame.getByRole("button", { name: "Verify in full" }).click();
    await frame.locator("[data-verdict=genesis]").getByText("Verified in full").waitFor();
    writeFileSync(segment(), readFileSync(segment(), "utf8").replace('"actor":"root"', '"actor":"nobody"'));
    await frame.getByRole("button", { name: "Verify in full" }).click();
    await frame.locator("[data-verdict=broken]").getByText(/First broken event: number 1 of segment 1/).waitFor();
  });

  test("events are searched; nothing found says so", async () => {
    const { frame } = opened;
    const search = frame.getByRole("textbox", { name: "Search the events" });
    await search.fill("created");
    await until(async () => (await frame.locator("[data-event]").count()) === 1, "the one event of a backup is found");
    await search.fill("no such event");
    await frame.getByRole("heading", { name: "Nothing found" }).waitFor();
    await frame.getByRole("button", { name: "Clear the search" }).last().click();
    await frame.locator("[data-event]").nth(2).waitFor();
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});

describe("live log: search and filters", () => {
  let bed;
  let opened;
  const lines = 500;
  before(async () => {
    const scenario = busyHost();
    scenario["job.follow"].log = logLines(lines);
    bed = await startScenario(scenario);
    opened = await openPage(bed);
    await goTo(opened.page, bed, "/activity");
    await shows(lines);
  });
  after(() => bed?.close());

  const shows = (count) => opened.frame.locator(`.backup-log[data-lines="${count}"]`).waitFor();

  test("by level, by project, by text; together; and none", async () => {
    const { frame } = opened;
    const level = frame.getByRole("combobox", { name: "Least level" });
    await level.selectOption("error");
    await shows(100);
    await level.selectOption("warning");
    await shows(200);
    await frame.getByRole("textbox", { name: "Search the log" }).fill("RAW DISK");
    await shows(100);
    await level.selectOption("error");
    await frame.locator(".backup-log").getByText("No line matches.").waitFor();
    await level.selectOption("debug");
    await frame.getByRole("textbox", { name: "Search the log" }).fill("");
    await frame.getByRole("combobox", { name: "Project" }).selectOption("vm/web1");
    await shows(lines);
    await frame.getByRole("combobox", { name: "Project" }).selectOption("");
  });

  test("what is shown is downloaded as text", async () => {
    const { page, frame } = opened;
    await frame.getByRole("combobox", { name: "Least level" }).selectOption("error");
    await shows(100);
    const log = frame.locator(".backup-log-card");
    const [download] = await Promise.all([page.waitForEvent("download"), log.getByRole("button", { name: "Download" }).click()]);
    const text = readFileSync(await download.path(), "utf8");
    assert.equal(text.trimEnd().split("\n").length, 100);
    assert.match(text, /^\S+Z error   vm\/web1 The guest agent did not answer/);
  });
});
