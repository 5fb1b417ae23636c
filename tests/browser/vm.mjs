/* A virtual machine for a test: QEMU without acceleration, no operating system, known bytes. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { until } from "./bed.mjs";

const run = promisify(execFile);
const CONNECT = "qemu:///system";

export async function virsh(...args) {
  const { stdout } = await run("virsh", ["--quiet", "--connect", CONNECT, ...args]);
  return stdout;
}

let count = 0;

/** A name that no other run uses. */
export function uniqueName(kind = "vm") {
  return `bk-page-${process.pid}-${kind}${++count}`;
}

function domainXml({ name, disks }) {
  const diskXml = disks.map(
    ({ target, path, format }) => `
    <disk type="file" device="disk">
      <driver name="qemu" type="${format}"/>
      <source file="${path}"/>
      <target dev="${target}" bus="virtio"/>
    </disk>`,
  );
  return `<domain type="qemu">
  <name>${name}</name>
  <memory unit="MiB">64</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64" machine="pc">hvm</type></os>
  <features><acpi/></features>
  <devices>${diskXml.join("")}
  </devices>
</domain>`;
}

/**
 * Defines a machine whose first disk has dataMiB of a pattern, and starts it. The bed removes it.
 *
 * @param options.images  a directory for its files; one of its own in the bed's otherwise
 */
export async function makeVm(bed, { name = uniqueName(), dataMiB = 64, extraDisk = null, start = true, images = null } = {}) {
  const folder = images ?? join(bed.dir, "images", name);
  const place = (file) => join(folder, images === null ? file : `${name}-${file}`);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  [dirname(folder), folder].forEach((path) => images === null && chmodSync(path, 0o711));

  const disks = [{ target: "vda", path: place("system.qcow2"), format: "qcow2" }];
  await run("qemu-img", ["create", "-q", "-f", "qcow2", disks[0].path, `${dataMiB + 64}M`]);
  await run("qemu-io", ["-f", "qcow2", "-c", `write -P 0xab 0 ${dataMiB}M`, disks[0].path]);
  if (extraDisk !== null) {
    disks.push({ target: "vdb", path: place(`data.${extraDisk}`), format: extraDisk });
    await run("qemu-img", ["create", "-q", "-f", extraDisk, disks[1].path, "16M"]);
  }
  const definition = place("domain.xml");
  writeFileSync(definition, domainXml({ name, disks }));
  bed.atClose(async () => {
    await virsh("destroy", name).catch(() => undefined);
    await virsh("undefine", name, "--checkpoints-metadata", "--nvram").catch(() => undefined);
  });
  await virsh("define", definition);
  if (start) {
    await virsh("start", name);
  }
  return { name, disks };
}

/* libvirt asks QEMU one thing at a time: who always asks keeps the limit from being set. */
const PAUSE_MS = 500;
const READ_BYTES_PER_SECOND = 4 << 20;

async function askQemu(name, command, args = {}) {
  const question = JSON.stringify({ execute: command, arguments: args });
  const answer = JSON.parse(await virsh("qemu-monitor-command", name, question));
  if (answer.error) {
    throw new Error(`${command}: ${answer.error.desc}`);
  }
  return answer.return;
}

async function blockJobs(name) {
  return (await askQemu(name, "query-block-jobs")).filter(({ type }) => type === "backup");
}

/** QEMU puts a throttle between its disks and their files. Returns what ends that. */
async function readSlowly(name) {
  const limits = { "bps-total": READ_BYTES_PER_SECOND };
  await askQemu(name, "object-add", { "qom-type": "throttle-group", id: "slow", limits });
  const nodes = await askQemu(name, "query-named-block-nodes", { flat: true });
  for (const { "node-name": image, drv: driver } of nodes.filter(({ drv }) => drv === "qcow2")) {
    const file = `slow-${image}`;
    const below = image.replace("-format", "-storage");
    await askQemu(name, "blockdev-add", { driver: "throttle", "node-name": file, "throttle-group": "slow", file: below });
    await askQemu(name, "blockdev-reopen", { options: [{ driver, "node-name": image, file, backing: null }] });
  }
  const none = { path: "/objects/slow", property: "limits", value: { "bps-total": 0 } };
  return () => askQemu(name, "qom-set", none);
}

/**
 * Begins a backup that has a speed limit, and returns when the limit is in force: libvirt can limit only
 * a copy that runs already, and QEMU copies gigabytes a second. Until then it reads its qcow2 disks slowly.
 */
export async function beginSlowly(name, begin) {
  const readAsEver = await readSlowly(name);
  await begin();
  await until(async () => {
    await delay(PAUSE_MS);
    return (await blockJobs(name)).some(({ speed, offset, len }) => speed > 0 && offset < len);
  }, "the copy is limited");
  await readAsEver();
}

/** The limit ends. */
export async function releaseBackup(name) {
  for (const { device } of await blockJobs(name)) {
    await askQemu(name, "block-job-set-speed", { device, speed: 0 });
  }
}
