/* TESTE 9 – Tratamento de Erros: each is shown in the page, before the run where it can be known, and with its figures. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { openPage, startBed } from "./bed.mjs";
import { makeVm, virsh } from "./vm.mjs";

const run = promisify(execFile);

describe("errors", () => {
  let bed;
  let opened;
  let large;
  let lost;
  let gone;

  before(async () => {
    bed = await startBed();
    // Before the machines start: a file system mounted later is not there for their QEMU.
    await run("mount", ["-t", "tmpfs", "-o", "size=16m,mode=0711", "tmpfs", bed.config.repository_dir]);
    bed.atClose(() => run("umount", ["--lazy", bed.config.repository_dir]));
    large = await makeVm(bed, { dataMiB: 32, start: false });
    lost = await makeVm(bed, { dataMiB: 1, start: false });
    gone = await makeVm(bed, { dataMiB: 1, start: false });
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  const dialog = () => opened.frame.getByRole("dialog");
  const start = () => dialog().getByRole("button", { name: "Start the backup" });

  async function choose({ name }) {
    await opened.frame.getByRole("button", { name: `Actions of ${name}` }).click();
    await opened.frame.getByRole("menuitem", { name: "Back up…" }).click();
    await dialog().waitFor();
  }

  /* What the page says of the job that has just failed. */
  async function failure() {
    const message = opened.frame.locator("[data-ended-job]").first();
    const text = await message.innerText();
    await message.getByRole("button", { name: "Close" }).click();
    await message.waitFor({ state: "detached" });
    return text;
  }

  test("TESTE 9 – Tratamento de Erros, 9.1: a full disk, with what is needed and what there is", async () => {
    await choose(large);
    await dialog().getByRole("heading", { name: "There is not enough space" }).waitFor();
    assert.match(await dialog().locator("[data-no-space]").innerText(), /It can need 3\d(\.\d)? MB; the repository has 1\d(\.\d)? MB/);
    await start().click();
    assert.match(await failure(), /needs 3\d(\.\d)?\sMB[^]*has 1\d(\.\d)?\sMB/);
  });

  test("TESTE 9 – Tratamento de Erros, 9.2: a directory that cannot be passed, and what to do", async () => {
    chmodSync(bed.config.repository_dir, 0o700);
    await choose(lost);
    await dialog().getByText(/QEMU's user cannot pass the directory “.*repository”: run “chmod o\+x .*”/).waitFor();
    await start().click();
    const text = await failure();
    chmodSync(bed.config.repository_dir, 0o711);
    assert.match(text, /cannot pass the directory “.*repository”; run “chmod o\+x .*”/);
  });

  test("TESTE 9 – Tratamento de Erros, 9.3: a disk that is not there", async () => {
    const says = new RegExp(`cannot be backed up: vda: Its file “${lost.disks[0].path}” is not there`);
    await choose(lost);
    await dialog().locator(`[data-planned="${lost.name}"]`).waitFor();
    rmSync(lost.disks[0].path);
    await start().click();
    assert.match(await failure(), says);

    // Before anybody starts anything, too.
    await choose(lost);
    await dialog().getByText(says).waitFor();
    assert.ok(await start().isDisabled());
    await opened.page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
  });

  test("TESTE 9 – Tratamento de Erros, 9.4: a machine that is gone", async () => {
    await choose(gone);
    await dialog().locator(`[data-planned="${gone.name}"]`).waitFor();
    await virsh("undefine", gone.name);
    await start().click();
    assert.match(await failure(), new RegExp(`There is no VM “${gone.name}”`));
    await opened.frame.locator(`[data-vm="${gone.name}"]`).waitFor({ state: "detached" });
  });
});
