/*
 * The page of a person who is not root: what is missing is said, administrative access opens
 * everything where it was left, and its end closes it.
 */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { violations } from "./axe.mjs";
import { goTo, openPage, pressUnless, until } from "./bed.mjs";
import { dropAdministrativeAccess, startLoginBed, turnOnAdministrativeAccess } from "./login.mjs";

describe("access", () => {
  let bed;
  let page;
  let frame;

  before(async () => {
    bed = await startLoginBed("carol");
    bed.helper("event-log", "backup");
    await bed.startService();
    await bed.logIn();
    ({ page, frame } = await openPage(bed));
  });
  after(() => bed?.close());

  const limited = () => frame.getByRole("heading", { name: "Administrative access is needed" });
  const backup = () => frame.getByText(/^backup-eventlog-/).first();

  test("with limited access nothing is asked for, and how to get more is said", async () => {
    await limited().waitFor();
    await frame.getByText("Turn on administrative access").waitFor();
    assert.deepEqual(await violations(page), []);
  });

  test("with administrative access everything is there, where it was asked for", async () => {
    await goTo(page, bed, "/backups");
    await limited().waitFor();
    await turnOnAdministrativeAccess(page);
    await backup().waitFor();
    assert.match(page.url(), /#\/backups/);
  });

  test("a download has a ticket of its own", async () => {
    await frame.getByRole("checkbox", { name: /^Select backup-eventlog-/ }).first().check();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      frame.getByRole("button", { name: "Export selected" }).click(),
    ]);
    const path = await download.path();
    assert.ok(statSync(path).size > 0);
    assert.equal(readFileSync(path).subarray(0, 2).toString("hex"), "1f8b");
  });

  test("dropped privileges close it, and given again they open it as it was", async () => {
    await until(() => bed.tickets().length === 1, "the page has one ticket, and the download's is used up");
    await dropAdministrativeAccess(page);
    await limited().waitFor();
    assert.equal(await backup().count(), 0);
    // Given back, not only forgotten; one the page was still waiting for may come and go.
    await until(() => bed.tickets().length === 0, "the ticket is given back");
    await turnOnAdministrativeAccess(page);
    await backup().waitFor();
    assert.ok(await frame.getByRole("checkbox", { name: /^Select backup-eventlog-/ }).first().isChecked());
  });

  test("a service that does not run is told from that, and its return is noticed", async () => {
    await bed.stopService();
    const stopped = frame.getByRole("heading", { name: "The backup service does not run" });
    await stopped.waitFor();
    await frame.getByText("systemctl enable --now cockpit-backup.socket").waitFor();
    assert.deepEqual(await violations(page), []);
    await bed.startService();
    await backup().waitFor();
    assert.equal(await stopped.count(), 0);
  });

  test("why the service cannot be started is said", async () => {
    await bed.stopService();
    await frame.getByRole("button", { name: "Start the service" }).click();
    await frame.getByText("The service was not started").waitFor();
    await bed.startService();
    await pressUnless(frame.getByRole("button", { name: "Try again" }), backup());
    await backup().waitFor();
  });
});
