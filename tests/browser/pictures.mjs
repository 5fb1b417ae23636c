/*
 * Makes the pictures in docs/: tests/bed node tests/browser/pictures.mjs
 *
 * The real helper, real (small) machines and files. Their history is made by the same program, which
 * is told that it is earlier, so that not all of it is of this minute.
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { goTo, helperBinary, here, openPage, setStyle, startBed, top } from "./bed.mjs";
import { settled } from "./look.mjs";
import { makeVm, virsh } from "./vm.mjs";

const run = promisify(execFile);
const HOUR = 3600;
const DAY = 24 * HOUR;
const SRV = "/srv";
const IMAGES = "/var/lib/libvirt/images";

/** The program, as if it were `ago` seconds earlier. */
function helperAgo(bed, shim) {
  return (ago, ...args) => run(helperBinary(), args, { env: { ...bed.env, LD_PRELOAD: shim, BK_CLOCK_SHIFT: String(-ago) } });
}

const written = new Map();

/** The guest writes two more megabytes. */
async function work(vm) {
  const at = written.get(vm) ?? 1;
  written.set(vm, at + 3);
  const device = "/machine/peripheral/virtio-disk0/virtio-backend";
  await virsh("qemu-monitor-command", vm, "--hmp", `qemu-io -d ${device} "write -P 0xcd ${at}M 2M"`);
}

async function makeHistory(bed, ago) {
  await makeVm(bed, { name: "web1", dataMiB: 96, extraDisk: "raw", images: IMAGES });
  await makeVm(bed, { name: "db1", dataMiB: 64, images: IMAGES });
  await makeVm(bed, { name: "mail.example.org", dataMiB: 48, images: IMAGES });
  await makeVm(bed, { name: "build-server", dataMiB: 24, start: false, images: IMAGES });

  for (const days of [11, 10, 9]) {
    await ago(days * DAY, "vm", "backup", "mail.example.org");
    await work("mail.example.org");
  }
  for (const days of [8, 7, 6, 5]) {
    await ago(days * DAY, "vm", "backup", "web1", "--max-incrementals", "2");
    await work("web1");
  }
  await ago(4 * DAY, "vm", "backup", "web1", "--pin", "before the upgrade");
  for (const days of [3, 2, 1]) {
    await ago(days * DAY + 2 * HOUR, "vm", "backup", "web1", "db1");
    await Promise.all(["web1", "db1"].map(work));
  }
  await ago(5 * HOUR, "vm", "backup", "db1", "--standalone");
}

/** A file, and what it lies in, as somebody left it so many days ago. */
function leave(path, content, days) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const then = new Date(Date.now() - days * DAY * 1000);
  for (let at = path; at.startsWith(join(SRV, "documents")); at = dirname(at)) {
    utimesSync(at, then, then);
  }
}

async function makeFiles(ago) {
  const files = { "notes.md": 4_180, "reports/2026/third-quarter.ods": 88_412, "reports/2026/figures.csv": 23_904, "customers.db": 612_352 };
  for (const [name, size] of Object.entries(files)) {
    leave(join(SRV, "documents", name), "a line of it\n".repeat(size / 13), 12.3);
  }
  await ago(10 * DAY, "tree", "set", "documents", "--source", join(SRV, "documents"), "--keep", "4");
  await ago(10 * DAY, "tree", "set", "etc", "--source", "/etc/apt", "--keep", "4");
  for (const days of [9, 8, 2, 1]) {
    await ago(days * DAY, "tree", "backup", "documents");
    leave(join(SRV, "documents", "notes.md"), `${days} days ago\n`.repeat(400), days - 0.4);
  }
  await ago(2 * DAY, "tree", "backup", "etc");
  await ago(DAY, "event-log", "backup");
  await ago(9 * DAY, "schedule", "set", "vms", "*-*-* 02:00:00");
}

async function main() {
  // Of this namespace only: paths as a person has them, and nothing of the computer's own.
  await run("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", SRV]);
  const repository = join(SRV, "backups");
  mkdirSync(repository, { mode: 0o711 });
  mkdirSync(IMAGES, { recursive: true });
  chmodSync(IMAGES, 0o711);

  const bed = await startBed({ settings: { repository_dir: repository } });
  try {
    const shim = join(bed.dir, "clock-shift.so");
    await run("cc", ["-shared", "-fPIC", "-O1", "-o", shim, join(here, "clock-shift.c")]);
    const ago = helperAgo(bed, shim);
    await makeHistory(bed, ago);
    await makeFiles(ago);
    await virsh("suspend", "mail.example.org");
    await takePictures(bed);
  } finally {
    await bed.close();
  }
}

async function takePictures(bed) {
  const shot = async ({ page, frame }, name) => {
    await settled(page, frame);
    await page.screenshot({ path: join(top, "docs", `page-${name}.png`), animations: "disabled" });
  };
  const english = await openPage(bed);
  const { page, frame } = english;
  await run(helperBinary(), ["vm", "backup", "db1", "--verify"], { env: bed.env });
  await frame.locator("[data-ended-job]").waitFor();
  await frame.locator("[data-vm=web1]").getByRole("checkbox").check();
  for (const [style, name] of [["light", "machines"], ["dark", "machines-dark"]]) {
    await setStyle(page, style);
    await shot(english, name);
  }
  await setStyle(page, "light");
  await frame.locator("[data-ended-job]").getByRole("button", { name: "Close" }).click();
  await frame.locator("[data-vm=web1]").getByRole("checkbox").uncheck();

  const views = { backups: ["/backups?project=vm%2Fweb1", "[data-backup]"], files: ["/files", "[data-tree]"], settings: ["/settings", "[data-schedule]"] };
  for (const [name, [address, sign]] of Object.entries(views)) {
    await goTo(page, bed, address);
    await frame.locator(sign).first().waitFor();
    if (name === "files") {
      await frame.getByRole("link", { name: "documents" }).click();
      await frame.locator("[data-entry]").first().waitFor();
    }
    await shot(english, name);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await goTo(page, bed, "/vms");
  await frame.locator("[data-vm=web1]").waitFor();
  await shot(english, "narrow");
  await page.close();

  await bed.context.addCookies([{ name: "CockpitLang", value: "pt-br", url: `http://127.0.0.1:${bed.port}` }]);
  const portuguese = await openPage(bed);
  await goTo(portuguese.page, bed, "/backups");
  await portuguese.frame.locator("[data-backup]").first().waitFor();
  await shot(portuguese, "pt_BR");
}

await main();
