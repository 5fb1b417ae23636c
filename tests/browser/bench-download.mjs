/*
 * How fast a backup comes into the browser, next to plain files through the same Cockpit:
 *
 *   tests/browser/bench-download.mjs [MIB] [ROUNDS] [KIND] [SESSION]
 *
 * KIND is "random" (bytes that do not become fewer on the way; the default) or "mixed" (a third each
 * of random bytes, text and zeros, in pieces of 4 MiB). SESSION is "root" (the default) or "login", of a
 * person who is not root: the bridge relays what root's service sends. One browser, one cockpit-ws, one session fetch
 * in turns, in an order that changes with each round:
 *
 *   backup     a tar.gz of one image, made and gzipped while it is sent, every byte's SHA-256 checked
 *   source     the image itself, as a plain file by Cockpit's fsread1: as many bytes as were read
 *   delivered  that tar.gz, made before, as a plain file: as many bytes as the browser gets. Of random
 *              bytes the two are the same, so it is left out
 *
 * Nothing is checked or packed of the plain files. All lie in the page cache. Prints medians: MB/s of
 * bytes that the browser gets, and of the image's bytes; the processor's seconds, which other work on
 * the machine stretches less; and what the backup's rate is of each other's: by the image's bytes next
 * to "source", by the browser's bytes next to "delivered". The first round is not counted.
 */
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

import { helperBinary, openPage, startBed } from "./bed.mjs";
import { startLoginBed, turnOnAdministrativeAccess } from "./login.mjs";

const MIB = 1024 * 1024;
const PIECE = 4 * MIB;
const TICKS_PER_SECOND = 100; // what Linux counts in, wherever it can be asked
const LEAST_SECONDS = 0.05; // what is less is not printed
const mib = Number(process.argv[2] ?? 1024);
const rounds = Number(process.argv[3] ?? 5);
const kind = process.argv[4] ?? "random";
const hasLogin = process.argv[5] === "login";

const letters = Buffer.from(randomBytes(64 * 1024).map((byte) => "etaoin shrdlu".charCodeAt(byte % 13)));
const text = Buffer.alloc(PIECE, letters);
const PIECES = [() => randomBytes(PIECE), () => text, () => Buffer.alloc(PIECE)];

/** Lays one complete backup into the repository. */
function makeBackup(repository) {
  const id = "web1-Base-20261120_020000";
  const directory = join(repository, "vm", "web1", id);
  mkdirSync(join(directory, "data"), { recursive: true });
  const path = join(directory, "data", "disk.qcow2");
  const hash = createHash("sha256");
  const fd = openSync(path, "w");
  for (let written = 0; written < mib * MIB; written += PIECE) {
    const piece = PIECES[kind === "mixed" ? (written / PIECE) % PIECES.length : 0]();
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

/** In the page: fetches what this channel sends; bytes and seconds. */
async function fetchAll(options) {
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
      return { bytes, seconds: (performance.now() - begin) / 1e3 };
    }
    bytes += value.length;
  }
}

/** In the page: what lets its person export this once. */
async function askForTicket([program, args]) {
  const cockpit = window.cockpit;
  const { id } = await cockpit.user();
  const words = [program, "ticket", "issue", "--user", String(id), "--operation", "backup.export"];
  return JSON.parse(await cockpit.spawn(words, { superuser: "require" }).input(JSON.stringify(args))).ticket;
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

/** The processor's seconds by process between two of those. */
function used(before, after) {
  return Object.fromEntries(
    Object.entries(after)
      .map(([process, seconds]) => [process, seconds - (before[process] ?? 0)])
      .filter(([, seconds]) => seconds >= LEAST_SECONDS),
  );
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function describe(name, runs) {
  const processes = [...new Set(runs.flatMap(({ processor }) => Object.keys(processor)))].filter((it) => it !== "node");
  const seconds = processes.map((it) => [it, median(runs.map(({ processor }) => processor[it] ?? 0))]);
  const total = seconds.reduce((sum, [, value]) => sum + value, 0);
  const time = median(runs.map((run) => run.seconds));
  return `${name.padEnd(10)} ${(runs[0].bytes / 1e6 / time).toFixed(0).padStart(5)} MB/s got, ` +
    `${((mib * MIB) / 1e6 / time).toFixed(0).padStart(5)} MB/s of the image; processor ${total.toFixed(2)} s: ` +
    seconds.map(([process, value]) => `${process} ${value.toFixed(2)}`).join(", ");
}

/** A bed with the page open, and what opens a channel of its own for each export. */
async function startSession() {
  if (!hasLogin) {
    const bed = await startBed();
    return { bed, page: (await openPage(bed)).page, ticket: () => ({}) };
  }
  const bed = await startLoginBed("carol");
  await bed.startService();
  const { page } = await openPage(bed);
  await turnOnAdministrativeAccess(page);
  const inner = page.frame({ name: "cockpit1:localhost/backup" });
  const ticket = async (args) => ({ ticket: await inner.evaluate(askForTicket, [bed.program, args]) });
  return { bed, page, ticket };
}

const { bed, page, ticket } = await startSession();
try {
  const { id, path } = makeBackup(bed.config.repository_dir);
  chmodSync(path, 0o644);
  const inner = page.frame({ name: "cockpit1:localhost/backup" });
  const external = { "content-type": "application/octet-stream" };
  const plainFile = (file) => ({ payload: "fsread1", path: file, max_read_size: 2 ** 40, binary: "raw", external });
  const args = { ids: [id] };
  const contestants = [
    ["backup", { payload: "backup1", op: "backup.export", args, binary: "raw", external }],
    ["source", plainFile(path)],
  ];
  if (kind === "mixed") {
    const delivered = join(bed.dir, "delivered.tar.gz");
    execFileSync(helperBinary(), ["export", id, "--output", delivered], { env: bed.env, stdio: "ignore" });
    console.error(`delivered: ${(statSync(delivered).size / MIB).toFixed(0)} of ${mib} MiB`);
    contestants.push(["delivered", plainFile(delivered)]);
  }
  const runs = Object.fromEntries(contestants.map(([name]) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const [name, options] = contestants[(round + turn) % contestants.length];
      const whole = name === "backup" ? { ...options, ...(await ticket(args)) } : options;
      const before = processorSeconds();
      const { bytes, seconds } = await inner.evaluate(fetchAll, whole);
      const processor = used(before, processorSeconds());
      const rest = Object.entries(processor).map(([process, value]) => `${process} ${value.toFixed(2)}`);
      console.error(`round ${round}: ${name}: ${(bytes / 1e6 / seconds).toFixed(0)} MB/s; ${rest.join(", ")}`);
      if (round > 0) {
        runs[name].push({ bytes, seconds, processor });
      }
    }
  }
  console.log(`${mib} MiB, ${kind}, ${rounds} rounds${hasLogin ? ", with a login" : ""}`);
  contestants.forEach(([name]) => console.log(describe(name, runs[name])));
  const time = (name) => median(runs[name].map(({ seconds }) => seconds));
  console.log(`ratio to “source” ${(time("source") / time("backup")).toFixed(2)} (wanted with random bytes: 0.8)`);
  if (runs.delivered !== undefined) {
    console.log(`ratio to “delivered” ${(time("delivered") / time("backup")).toFixed(2)}`);
  }
} finally {
  await bed.close();
}
