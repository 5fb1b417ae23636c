/*
 * The main job: choose a machine, back it up, watch the log, close the page in the middle and open
 * it again, download what was made, and compare it with the guest's disk. Tests that are on the
 * list of acceptance (TESTE 1 to 10) carry its names.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  statSync,
  writeSync,
} from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

import { WAIT_MS, goTo, openPage, startBed, stayLoggedIn } from "./bed.mjs";
import { beginSlowly, makeVm, releaseBackup, virsh } from "./vm.mjs";

const run = promisify(execFile);

async function sha256(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)],
  );
}

/** Changes one byte in the middle of a file. */
function corrupt(path) {
  const file = openSync(path, "r+");
  const at = Math.floor(statSync(path).size / 2);
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.from([byte[0] ^ 0xff]), 0, 1, at);
  closeSync(file);
}

describe("vm-backup", () => {
  let bed;
  let vm;
  let opened;

  before(async () => {
    bed = await startBed();
    await stayLoggedIn(bed);
    vm = await makeVm(bed, { dataMiB: 768, extraDisk: "raw" });
    opened = await openPage(bed);
  });

  after(() => bed?.close());

  const row = () => opened.frame.locator(`[data-vm="${vm.name}"]`);
  const log = () => opened.frame.locator(".backup-log");

  test("TESTE 2 – Descoberta de VMs: the machine is listed with its state, disks, sizes and next step", async () => {
    await row().waitFor();
    const text = await row().innerText();
    assert.match(text, /Running/);
    assert.match(text, /Never/);
    assert.match(text, /Base/);
    assert.match(text, /system\.qcow2/);
    assert.match(text, /and 1 more/);
    assert.match(text, /[\d.]+ [MG]B/);
    assert.equal(await row().getByRole("checkbox").isChecked(), false);
    await row().locator(".backup-disks").focus();
    const tooltip = opened.frame.getByRole("tooltip");
    await tooltip.waitFor();
    const paths = await tooltip.innerText();
    vm.disks.forEach(({ path }) => assert.ok(paths.includes(path), `${path} in the tooltip`));
  });

  test("TESTE 3 – Seleção de VMs: one or all, with totals; without one there is nothing to press", async () => {
    const { frame } = opened;
    const button = frame.getByRole("button", { name: "Back up selected" });
    const all = frame.getByRole("checkbox", { name: "Select all" });
    assert.ok(await button.isDisabled());
    await all.check();
    await row().getByRole("checkbox").and(frame.locator(":checked")).waitFor();
    const [, some, count] = /^(\d+) of (\d+) selected/.exec(await frame.getByText(/^\d+ of \d+ selected/).innerText());
    assert.ok(Number(some) >= 1 && Number(some) <= Number(count));
    await all.uncheck();
    await button.and(frame.locator(":disabled")).waitFor();
    await row().getByRole("checkbox").check();
    const totals = await frame.getByText(/^1 of \d+ selected/).innerText();
    const size = /[\d.]+ [MG]B/.exec(await row().innerText())[0];
    assert.ok(totals.endsWith(size), `${totals} ends with ${size}`);
    assert.ok(await button.isEnabled());
  });

  test("TESTE 5 – Backup de VMs: what will be done is said before it is", async () => {
    const { frame } = opened;
    await frame.getByRole("button", { name: "Back up selected" }).click();
    const dialog = frame.getByRole("dialog");
    const planned = dialog.locator(`[data-planned="${vm.name}"]`);
    await planned.waitFor();
    assert.match(await planned.innerText(), /Base[^]*In full[^]*At most [\d.]+ [MG]B/);
    assert.match(await dialog.innerText(), /the repository has [\d.]+ [GT]B/);
    // Slow, so that the next tests can look at it; releaseBackup() lets it go.
    await dialog.getByRole("button", { name: "Options of this run" }).click();
    await dialog.getByRole("spinbutton", { name: "Speed limit, in MiB per second" }).fill("1");
    const start = dialog.getByRole("button", { name: "Start the backup" }).and(frame.locator(":enabled"));
    await beginSlowly(vm.name, () => start.click());
  });

  test("TESTE 5 – Backup de VMs: the job shows with its progress and log, and the button waits", async () => {
    const { frame } = opened;
    await frame.locator("[data-job]").waitFor();
    await frame.locator("[data-job]").getByText(/\d [kMG]B of [\d.]+ [MG]B/).waitFor();
    await log().locator(".backup-log-row").first().waitFor();
    await log().getByText(/no guest agent/).waitFor(); // TESTE 7: it runs, and is told how it is copied
    assert.match(await log().locator(".backup-log-row").first().innerText(), /^\d\d:\d\d:\d\d/);
    await row().getByText(/Backing up/).waitFor();
    assert.ok(await row().getByRole("checkbox").isDisabled());
    assert.ok(await frame.getByRole("button", { name: "Back up selected" }).isDisabled());
  });

  test("TESTE 5 – Backup de VMs: the page closes and opens again in the middle; the job and its log so far are there", async () => {
    const soFar = await log().locator(".backup-log-text").allInnerTexts();
    await opened.page.close();
    opened = await openPage(bed);
    await opened.frame.locator("[data-job]").waitFor();
    for (const text of soFar) {
      await log().getByText(text, { exact: true }).first().waitFor();
    }
    assert.equal(await opened.frame.locator("[data-ended-job]").count(), 0);
  });

  test("TESTE 5 – Backup de VMs: the job ends well, with a summary, and the machine shows its backup", async () => {
    await releaseBackup(vm.name);
    const ended = opened.frame.locator("[data-ended-job]");
    await ended.waitFor();
    assert.match(await ended.innerText(), /Completed[^]*1 backup/);
    await row().getByText(/just now|minute/).waitFor();
    await row().getByText("Incremental 1 of 7").waitFor();
  });

  test("TESTE 1 – Exportação de Backups: one click downloads the backup, and it is the guest's disk", async () => {
    const { frame, page } = opened;
    await row().getByRole("link", { name: /just now|minute/ }).click();
    const backup = frame.locator("[data-backup]");
    await backup.waitFor();
    await backup.getByRole("checkbox").check();
    // The page says the end, for some seconds, when the helper has sent all; the browser may have it later.
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      frame.getByRole("button", { name: "Export selected" }).click(),
      frame.getByRole("heading", { name: "The download is complete" }).waitFor({ timeout: 5 * WAIT_MS }),
    ]);
    assert.match(download.suggestedFilename(), /^backups-export-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.tar\.gz$/);
    assert.equal(await download.failure(), null);

    const archive = join(bed.dir, "export.tar.gz");
    const folder = join(bed.dir, "export");
    await download.saveAs(archive);
    mkdirSync(folder);
    await run("tar", ["-xzf", archive, "-C", folder]);
    await checkExport(folder);
  });

  /* Each member is what the manifest says, and the image holds the guest's bytes. */
  async function checkExport(folder) {
    const files = filesBelow(folder);
    const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    const listed = manifest.backups.flatMap((backup) => backup.files);
    assert.equal(manifest.backups.length, 1);
    assert.deepEqual(
      new Set(files.map((path) => relative(folder, path))),
      new Set(["manifest.json", ...listed.map(({ path }) => path)]),
    );
    for (const { path, size, sha256: wanted } of listed) {
      const member = join(folder, path);
      assert.equal(statSync(member).size, size, path);
      assert.equal(await sha256(member), wanted, path);
    }
    const image = files.find((path) => /-vda-Base-\d{8}_\d{6}\.qcow2$/.test(path));
    await virsh("suspend", vm.name);
    await run("qemu-img", ["compare", "-U", image, vm.disks[0].path]);
    await virsh("resume", vm.name);
  }

  test("TESTE 1 – Exportação de Backups: a damaged file makes the download fail", async () => {
    const { frame, page } = opened;
    const image = filesBelow(bed.config.repository_dir).find((path) => /-vda-Base-.*\.qcow2$/.test(path));
    corrupt(image);
    await goTo(page, bed, "/backups");
    const backup = frame.locator("[data-backup]").first();
    await backup.getByRole("checkbox").check();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      frame.getByRole("button", { name: "Export selected" }).click(),
    ]);
    assert.notEqual(await download.failure(), null);
    const notice = frame.getByRole("heading", { name: "The download failed" }).locator("xpath=../..");
    await notice.getByText(relative(bed.config.repository_dir, image).split("/").at(-1)).waitFor();
  });

  test("a verification that finds it damaged says so at the backup, with what to do", async () => {
    const { frame } = opened;
    const backup = frame.locator("[data-backup]").first();
    const id = await backup.getAttribute("data-backup");
    await backup.getByRole("button", { name: `Actions of ${id}` }).click();
    await frame.getByRole("menuitem", { name: "Verify" }).click();
    await backup.getByText("Damaged", { exact: true }).waitFor();
    await frame.getByRole("button", { name: `Details of ${id}` }).click();
    const damage = frame.locator(`[data-damaged="${id}"]`);
    await damage.getByText(/\.qcow2/).waitFor();
    await damage.getByText(/put it back and verify this backup again/).waitFor();
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});
