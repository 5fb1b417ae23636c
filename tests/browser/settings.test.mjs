/* Settings with the real helper: saved as they are changed, refused with the reason at the field. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { goTo, openPage, startBed, stayLoggedIn, until } from "./bed.mjs";

describe("settings", () => {
  let bed;
  let opened;
  before(async () => {
    bed = await startBed();
    await stayLoggedIn(bed);
    opened = await openPage(bed);
    await goTo(opened.page, bed, "/settings");
    await opened.frame.getByLabel("Directory").waitFor();
  });
  after(() => bed?.close());

  const config = () => JSON.parse(readFileSync(join(bed.dir, "config.json"), "utf8"));
  const saved = (key, value) => until(() => config()[key] === value, `${key} becomes ${value}`);
  const toast = () => opened.frame.getByRole("heading", { name: /The setting was saved/ });

  test("TESTE 4 – Configuração de Backup: each is saved as it is left, with a toast, and is there after a reload", async () => {
    const { page, frame } = opened;
    await frame.getByLabel("Days to keep standalone copies").fill("14");
    await page.keyboard.press("Enter");
    await toast().waitFor();
    await frame.getByLabel("Days to keep standalone copies").and(frame.locator("[value='14']")).waitFor();
    await frame.getByLabel("How they are merged").selectOption("copy");
    await frame.getByRole("switch", { name: "Verify each backup" }).press("Space");
    await frame.getByLabel("Incrementals before consolidation").fill("3");
    await frame.getByLabel("Days to keep logs").focus();
    for (const [key, value] of Object.entries({ retention_days: 14, merge_mode: "copy", verify: "yes", max_incrementals: 3 })) {
      await saved(key, value);
    }
    await page.reload();
    await frame.getByLabel("Days to keep standalone copies").and(frame.locator("[value='14']")).waitFor();
    await frame.getByRole("switch", { name: "Verify each backup", checked: true }).waitFor();
  });

  test("a number out of its range is not even sent; Escape takes the old one back", async () => {
    const { page, frame } = opened;
    const field = frame.getByLabel("Incrementals before consolidation");
    await field.fill("300");
    await frame.getByText("From 1 to 255").waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await field.inputValue(), "3");
    assert.equal(config().max_incrementals, 3);
  });

  test("TESTE 9 – Tratamento de Erros, 9.2: a directory that cannot work is refused, with the reason at the field", async () => {
    const { page, frame } = opened;
    const field = frame.getByLabel("Directory");
    const before = config().repository_dir;
    const closed = join(bed.dir, "closed", "repository");
    mkdirSync(join(bed.dir, "closed"), { mode: 0o700 });
    const wrong = [
      ["backup", /must be an absolute path/],
      ["/var/lib/libvirt/images/backup", /where disks of virtual machines are kept/],
      [join(bed.dir, "config.json"), /is no directory/],
      ["/proc/backup", /not enough space at “\/proc\/backup”: a repository needs at least 67\.1\sMB, it has 0/],
      [closed, /may not pass “.*closed”: allow it with “chmod o\+x/],
    ];
    for (const [path, reason] of wrong) {
      await field.fill(path);
      await page.keyboard.press("Enter");
      await frame.locator("#setting-repository").locator("xpath=../..").getByText(reason).waitFor();
      assert.equal(config().repository_dir, before);
    }
    await field.fill(join(bed.dir, "elsewhere"));
    await page.keyboard.press("Enter");
    await toast().waitFor();
    await saved("repository_dir", join(bed.dir, "elsewhere"));
    await frame.getByText(reasonOf(wrong)).waitFor({ state: "detached" });
  });

  const reasonOf = (wrong) => wrong.at(-1)[1];

  test("a schedule is stored; where there is no systemd that is said, with the command", async () => {
    const { frame } = opened;
    await frame.getByRole("button", { name: "Add a schedule" }).click();
    const dialog = frame.getByRole("dialog");
    await dialog.getByLabel("How often").selectOption("other");
    await dialog.getByLabel("When").fill("whenever");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText(/“whenever” is no time as a timer takes it/).waitFor();
    await dialog.getByLabel("How often").selectOption("week");
    await dialog.getByLabel("Day").selectOption("6");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const row = frame.locator("[data-schedule=vms]");
    await row.filter({ hasText: /Backup of all virtual machines.*Saturday at 02:00/ }).waitFor();
    assert.deepEqual(config().schedules, { vms: "Sat *-*-* 02:00:00" });
    const systemd = await frame.getByText("Nothing runs by itself on this machine").count();
    if (systemd > 0) {
      assert.match(await row.innerText(), /cockpit-backup vm backup --all[^]*Stored only/);
    }
    await row.getByRole("button", { name: /^Actions for/ }).click();
    await frame.getByRole("menuitem", { name: "Remove" }).click();
    await row.waitFor({ state: "detached" });
    assert.deepEqual(config().schedules, {});
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});
