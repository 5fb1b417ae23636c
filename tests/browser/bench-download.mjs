/*
 * How fast a backup comes into the browser, next to a plain file through the same Cockpit:
 *
 *   tests/browser/bench-download.mjs [MIB] [ROUNDS]
 *
 * Both are random bytes, which do not become fewer on the way. They take turns; prints medians and
 * the ratio. Ours has every byte's SHA-256 checked and is a tar.gz, the other is read and sent.
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

import { openPage, startBed } from "./bed.mjs";

const MIB = 1024 * 1024;
const PIECE = 4 * MIB;
const TICKS_PER_SECOND = 100; // what Linux counts in, wherever it can be asked
const LEAST_SECONDS = 0.05; // what is less is not printed
const mib = Number(process.argv[2] ?? 1024);
const rounds = Number(process.argv[3] ?? 5);

/** Lays one complete backup of random bytes into the repository. */
function makeBackup(repository) {
  const id = "web1-Base-20261120_020000";
  const directory = join(repository, "vm", "web1", id);
  mkdirSync(join(directory, "data"), { recursive: true });
  const path = join(directory, "data", "disk.qcow2");
  const hash = createHash("sha256");
  const fd = openSync(path, "w");
  for (let written = 0; written < mib * MIB; written += PIECE) {
    const piece = randomBytes(PIECE);
    hash.update(piece);
    writeSync(fd, piece);
  }
  closeSync(fd);
  const sha256 = hash.digest("hex");
  const files = [{ path: "data/disk.qcow2", size: mib * MIB, sha256 }];
  const metadata = {
    id,
    project_id: "vm/web1",
    type: "full",
    status: "completed",
    created_at: "2026-11-20T02:00:00.000Z",
    completed_at: "2026-11-20T02:00:01.000Z",
    size_bytes: mib * MIB,
    parent_backup_id: null,
    files_count: 1,
    checksum: createHash("sha256").update(`${sha256}  data/disk.qcow2\n`).digest("hex"),
    error_message: null,
    tags: [],
    extra: { files },
  };
  writeFileSync(join(directory, "metadata.json"), JSON.stringify(metadata));
  return { id: `vm/web1/${id}`, path };
}

/** In the page: MB/s of what this channel sends, until its end. */
async function rate(options) {
  const cockpit = window.cockpit;
  await new Promise((resolve) => cockpit.transport.wait(resolve));
  const query = window.btoa(JSON.stringify(options));
  const { pathname } = new URL(cockpit.transport.uri(`channel/${cockpit.transport.csrf_token}`));
  const begin = performance.now();
  const response = await fetch(`${pathname}?${query}`);
  if (!response.ok) {
    throw new Error(`${options.payload}: ${response.status} ${response.statusText}`);
  }
  const reader = response.body.getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return bytes / 1e3 / (performance.now() - begin);
    }
    bytes += value.length;
  }
}

/** Processor time so far, in seconds, of all processes of each name that tests/bed can see. */
function processorSeconds() {
  const seconds = {};
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13);
      seconds[name] = (seconds[name] ?? 0) + (Number(user) + Number(system)) / TICKS_PER_SECOND;
    } catch (error) {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") {
        throw error;
      }
    }
  }
  return seconds;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const bed = await startBed();
try {
  const { id, path } = makeBackup(bed.config.repository_dir);
  const { page } = await openPage(bed);
  const inner = page.frame({ name: "cockpit1:localhost/backup" });
  const external = { "content-type": "application/octet-stream" };
  const contestants = {
    backup: { payload: "backup1", op: "backup.export", args: { ids: [id] }, binary: "raw", external },
    file: { payload: "fsread1", path, max_read_size: 2 ** 40, binary: "raw", external },
  };
  const rates = { backup: [], file: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, options] of Object.entries(contestants)) {
      const before = processorSeconds();
      rates[name].push(await inner.evaluate(rate, options));
      const used = Object.entries(processorSeconds())
        .map(([process, seconds]) => [process, seconds - (before[process] ?? 0)])
        .filter(([, seconds]) => seconds >= LEAST_SECONDS)
        .map(([process, seconds]) => `${process} ${seconds.toFixed(2)} s`);
      console.error(`round ${round + 1}: ${name}: ${rates[name].at(-1).toFixed(0)} MB/s; ${used.join(", ")}`);
    }
  }
  const ratio = median(rates.backup) / median(rates.file);
  console.log(`${mib} MiB, ${rounds} rounds: backup ${median(rates.backup).toFixed(0)} MB/s, ` +
    `plain file ${median(rates.file).toFixed(0)} MB/s, ratio ${ratio.toFixed(2)} (wanted: 0.8)`);
} finally {
  await bed.close();
}
