/*
 * What is done with a machine's backups: its first one, verified, restored as a copy, in place and
 * to a directory; pinned, deleted, cleaned. One small machine; the tests go on from each other.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { goTo, openPage, startBed, stayLoggedIn, until } from "./bed.mjs";
import { countClicks } from "./clicks.mjs";
import { backupsOf, cockpitBackup } from "./helper.mjs";
import { makeVm, uniqueName, virsh } from "./vm.mjs";

const run = promisify(execFile);

describe("what is done with backups", () => {
  let bed;
  let vm;
  let opened;
  let copy;

  before(async () => {
    bed = await startBed();
    await stayLoggedIn(bed);
    vm = await makeVm(bed, { dataMiB: 4 });
    copy = uniqueName("copy");
    bed.atClose(() => virsh("undefine", copy).catch(() => undefined));
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  const dialog = () => opened.frame.getByRole("dialog");
  const find = (part) => backupsOf(bed, vm).filter((name) => name.includes(`-${part}-`)).at(-1);
  const row = (id) => opened.frame.locator(`[data-backup="${id}"]`);

  /** Waits for the end of the job, puts its message away, and returns it. */
  async function ended() {
    const message = opened.frame.locator("[data-ended-job]");
    const text = await message.innerText();
    await message.getByRole("button", { name: "Close" }).click();
    await message.waitFor({ state: "detached" });
    return text;
  }

  async function menu(id, item) {
    await opened.frame.getByRole("button", { name: `Actions of ${id}` }).click();
    await opened.frame.getByRole("menuitem", { name: item }).click();
    await dialog().waitFor();
  }

  test("a new user's first backup takes at most three clicks", async () => {
    const { page, frame } = opened;
    const clicks = await countClicks(page);
    await frame.locator(`[data-vm="${vm.name}"]`).getByRole("checkbox").check();
    await frame.getByRole("button", { name: "Back up selected" }).click();
    await dialog().getByRole("button", { name: "Start the backup" }).click();
    const text = await frame.locator("[data-ended-job]").innerText();
    assert.ok((await clicks()) <= 3, `${await clicks()} clicks`);
    assert.match(text, /Completed[^]*1 backup/);
    await ended();
  });

  test("TESTE 6 – Backup com Checksum: verified at the end, and the log says so", async () => {
    const { frame } = opened;
    await menu(vm.name, "Back up…");
    await dialog().locator(`[data-planned="${vm.name}"]`).getByText("Incremental 1 of 7").waitFor();
    await dialog().getByRole("button", { name: "Options of this run" }).click();
    await dialog().getByRole("checkbox", { name: "Verify at the end" }).check();
    await dialog().getByRole("button", { name: "Start the backup" }).click();
    await ended();
    await frame.locator(".backup-log").getByText(new RegExp(`${find("Inc")}.*is whole`)).waitFor();
  });

  test("TESTE 7 – Backup de VM em Execução: how it is copied is said, and it runs on", async () => {
    await opened.frame.locator(".backup-log").getByText(/no guest agent: its disks are copied as a power cut/).first().waitFor();
    assert.match(await virsh("domstate", vm.name), /running/);
  });

  test("the chain shows what needs what, and a row opens to files, checksums, parent and log", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/backups");
    const [base, incremental] = [find("Base"), find("Inc")];
    const chain = frame.getByRole("list", { name: "Chain: each backup needs those before it" });
    // What comes next is the machine's news, and the backups are another's: the page hears of them one by one.
    const points = async () => (await chain.getByRole("listitem").allInnerTexts()).map((text) => text.split(" · ")[0]);
    const whole = "Base, Incremental, Next: Incremental 2 of 7";
    await until(async () => (await points()).join(", ") === whole, `the chain is “${whole}”`);

    await chain.getByRole("link", { name: /Incremental/ }).click();
    const details = frame.locator(`[data-details="${incremental}"]`);
    const { extra } = JSON.parse(readFileSync(join(bed.config.repository_dir, "vm", vm.name, incremental, "metadata.json"), "utf8"));
    for (const { path, sha256 } of extra.files) {
      await details.getByText(path, { exact: true }).waitFor();
      await details.getByText(sha256).waitFor();
    }
    await details.getByRole("link", { name: base }).waitFor();
    await details.getByRole("button", { name: "Log" }).click();
    await details.getByText(new RegExp(`Completed \\(incremental\\): ${incremental}`)).waitFor();
    await goTo(page, bed, "/backups");
  });

  test("a verification says what is whole", async () => {
    await opened.frame.getByRole("button", { name: `Actions of ${find("Inc")}` }).click();
    await opened.frame.getByRole("menuitem", { name: "Verify" }).click();
    assert.match(await ended(), /1 backup is whole/);
  });

  test("a machine is restored as a copy in at most five clicks", async () => {
    const { page } = opened;
    await page.close();
    opened = await openPage(bed);
    const { frame } = opened;
    const images = join(bed.dir, "images");
    const clicks = await countClicks(opened.page);
    await frame.getByRole("tab", { name: "Backups" }).click();
    await frame.getByRole("button", { name: `Restore ${find("Inc")}` }).click();
    const name = dialog().getByRole("textbox", { name: "Name of the new machine" });
    assert.equal(await name.inputValue(), `${vm.name}-restored`);
    await name.fill(copy);
    await dialog().getByRole("textbox", { name: "Directory for its disks" }).fill(images);
    await dialog().getByText(`${images}/${copy}-vda.qcow2`).waitFor();
    await dialog().getByRole("button", { name: "Restore", exact: true }).click();
    const text = await frame.locator("[data-ended-job]").innerText();
    assert.ok((await clicks()) <= 5, `${await clicks()} clicks`);
    assert.match(text, new RegExp(`${copy} is there: 1 file`));
    await ended();
    await virsh("suspend", vm.name);
    await run("qemu-img", ["compare", "-U", vm.disks[0].path, `${images}/${copy}-vda.qcow2`]);
    await virsh("resume", vm.name);
    await goTo(opened.page, bed, "/vms");
    await frame.locator(`[data-vm="${copy}"]`).getByText("Shut off").waitFor();
    await goTo(opened.page, bed, "/backups");
  });

  test("what stands in the way of a restore is said at its field, with the figures", async () => {
    const { frame } = opened;
    await frame.getByRole("button", { name: `Restore ${find("Inc")}` }).click();
    await dialog().getByRole("textbox", { name: "Name of the new machine" }).fill(copy);
    await dialog().getByText(`There is a VM “${copy}” already; choose another name, or restore in place`).waitFor();
    await dialog().getByRole("radio", { name: "To a directory" }).check();
    await dialog().getByRole("textbox", { name: "Directory" }).fill(join(bed.dir, "none"));
    await dialog().getByText(/The directory “.*none” cannot be used/).waitFor();
    assert.ok(await dialog().getByRole("button", { name: "Restore", exact: true }).isDisabled());

    const out = join(bed.dir, "out");
    mkdirSync(out);
    await dialog().getByRole("textbox", { name: "Directory" }).fill(out);
    await dialog().getByText(/It needs at most [\d.]+ MB; there are [\d.]+ [GT]B free/).waitFor();
    await dialog().getByRole("button", { name: "Restore", exact: true }).and(frame.locator(":enabled")).click();
    assert.match(await ended(), /is there/);
    assert.ok(existsSync(join(out, `${vm.name}.xml`)));
  });

  test("in place: not while it runs; then its disks are replaced and its cycle ends", async () => {
    const { frame } = opened;
    const open = async () => {
      await frame.getByRole("button", { name: `Restore ${find("Base")}` }).click();
      await dialog().getByRole("radio", { name: "In place" }).check();
    };
    await open();
    await dialog().getByText(/is running; shut it down before its disks are replaced/).waitFor();
    assert.ok(await dialog().getByRole("button", { name: "Replace its disks" }).isDisabled());
    await opened.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await virsh("destroy", vm.name);
    await open();
    await dialog().getByText("Its cycle ends: the next backup begins a new one.").waitFor();
    await dialog().getByRole("button", { name: "Replace its disks" }).and(frame.locator(":enabled")).click();
    assert.match(await ended(), /Completed/);
  });

  test("pinned, a backup has its label, and deleting it asks for its name", async () => {
    const { frame } = opened;
    await menu(find("Inc"), "Pin…");
    await dialog().getByRole("textbox", { name: "Label" }).fill("before the upgrade");
    await dialog().getByRole("button", { name: "Pin", exact: true }).click();
    assert.match(await ended(), /Completed/);
    const pinned = find("Snapshot");
    await row(pinned).getByText("before the upgrade").waitFor();
    await menu(pinned, "Delete…");
    const remove = dialog().getByRole("button", { name: "Delete", exact: true });
    const field = dialog().getByRole("textbox", { name: `Type its name, ${pinned}, to delete it` });
    await field.fill("yes");
    assert.ok(await remove.isDisabled());
    await field.fill(pinned);
    await remove.click();
    assert.match(await ended(), /1 backup was removed/);
    await row(pinned).waitFor({ state: "detached" });
    await until(async () => (await frame.locator("[data-backup]").count()) === 2, "two backups are left");
  });

  test("what depends on a backup is named, and goes with it", async () => {
    const [base, incremental] = [find("Base"), find("Inc")];
    await menu(base, "Delete…");
    await dialog().locator("[data-dependents]").getByText(incremental).waitFor();
    await dialog().getByRole("button", { name: "Delete 2 backups" }).click();
    assert.match(await ended(), /2 backups were removed/);
    assert.deepEqual(backupsOf(bed, vm), []);
  });

  test("one of an active cycle is not deleted before its chain is forgotten", async () => {
    const { frame } = opened;
    await cockpitBackup(bed, "vm", "backup", vm.name);
    await ended(); // the page sees what is begun elsewhere
    const base = find("Base");
    await menu(base, "Delete…");
    await dialog().getByText(`It belongs to the active cycle of ${vm.name}`).waitFor();
    await dialog().getByRole("button", { name: "Forget the chain…" }).click();
    await dialog().getByText("All its backups are kept and can be restored.").waitFor();
    await dialog().getByRole("button", { name: "Forget the chain", exact: true }).click();
    assert.match(await ended(), /The next backup begins a new cycle/);
    assert.ok(!existsSync(join(bed.config.repository_dir, "vm", vm.name, "manifest.json")));
    await row(base).waitFor();
  });

  test("TESTE 8 – Limpeza de Backups Antigos: what would go and its size are said before it goes", async () => {
    const { page, frame } = opened;
    await cockpitBackup(bed, "vm", "backup", vm.name, "--standalone");
    await cockpitBackup(bed, "vm", "backup", vm.name, "--standalone");
    const [old, young] = backupsOf(bed, vm).filter((name) => name.includes("-Snapshot-"));
    const record = join(bed.config.repository_dir, "vm", vm.name, old, "metadata.json");
    const metadata = JSON.parse(readFileSync(record, "utf8"));
    const tenDaysAgo = new Date(Date.now() - 10 * 86_400_000).toISOString();
    // The page lists the backups that came: it finds the one record or the other, never a half.
    writeFileSync(`${record}.new`, JSON.stringify({ ...metadata, created_at: tenDaysAgo }));
    renameSync(`${record}.new`, record);

    await page.reload();
    await goTo(page, bed, "/backups");
    await frame.getByRole("button", { name: "Clean old backups…" }).click();
    const days = dialog().getByRole("spinbutton");
    await days.fill("30");
    await dialog().getByText("There is nothing to remove.").waitFor();
    await days.fill("7");
    await dialog().locator(`[data-removal="${old}"]`).waitFor();
    assert.match(await dialog().innerText(), /1 backup will be removed, [\d.]+ MB/);
    assert.equal(await dialog().locator("[data-removal]").count(), 1);
    await dialog().getByRole("button", { name: "Remove 1 backup" }).click();
    assert.match(await ended(), /1 backup was removed, [\d.]+ MB freed/);
    await row(old).waitFor({ state: "detached" });
    assert.ok(backupsOf(bed, vm).includes(young));
    await goTo(page, bed, "/activity");
    await frame.locator(".backup-log").getByText(/was removed by the retention rule/).waitFor();
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});
