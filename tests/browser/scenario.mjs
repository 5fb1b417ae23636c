/* What the fake helper says: the golden views, and as many of them as a test needs. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { startBed, top } from "./bed.mjs";

export function golden(name) {
  return JSON.parse(readFileSync(join(top, "tests", "golden", "views", name), "utf8"));
}

const vm = golden("vm.json");
const job = golden("job.json");
const backup = golden("backup.json");
const line = golden("log-line.json");
const hoursAgo = (hours) => new Date(Date.now() - hours * 3600_000).toISOString();
const lastBackup = (hours) => ({ ...vm.last_backup, created_at: hoursAgo(hours) });

const machines = [
  { ...vm, last_backup: lastBackup(26), job_id: job.id },
  {
    ...vm,
    name: "db1",
    uuid: "0b1f7c1e-5d0a-4d52-8a44-b9a5f2d1c001",
    state: "shutoff",
    disks: [{ ...vm.disks[0], path: "/var/lib/libvirt/images/db1.qcow2" }],
    total_bytes: 64e9,
    last_backup: null,
    next_step: "base",
    incrementals_count: 0,
    job_id: null,
    warnings: [],
  },
  {
    ...vm,
    name: "mail.example.org",
    uuid: "0b1f7c1e-5d0a-4d52-8a44-b9a5f2d1c002",
    state: "paused",
    disks: [{ ...vm.disks[0], path: "/var/lib/libvirt/images/mail.example.org-system.qcow2" }],
    last_backup: lastBackup(24 * 9),
    next_step: "consolidation",
    incrementals_count: 7,
    job_id: null,
    warnings: [],
  },
];

const made = (id, step, type, hours, size_bytes, changes = {}) => ({
  ...backup,
  id,
  type,
  created_at: hoursAgo(hours),
  size_bytes,
  extra: { step },
  ...changes,
});
const backups = [
  made("db1-Base-20261110_020000", "base", "full", 30, 64e9, { project_id: "vm/db1" }),
  made("db1-Base-20261121_020000", "base", "full", 3, 0, {
    project_id: "vm/db1",
    status: "failed",
    error_message: golden("job-failed.json").error.message,
  }),
  made("web1-Full-Merged-20261101_020000", "merged", "full", 400, 6e9, { tags: ["before the upgrade"] }),
  made("web1-Base-20261118_020000", "base", "full", 72, 5.4e9),
  made("web1-Inc-20261119_020000", "incremental", "incremental", 48, 105e6, {
    parent_backup_id: "web1-Base-20261118_020000",
  }),
  made("web1-Inc-20261120_020000", "incremental", "incremental", 24, 205e6, {
    parent_backup_id: "web1-Inc-20261119_020000",
  }),
  made("web1-Snapshot-20261105_020000", "standalone", "checkpoint", 300, 5.1e9, { tags: ["before the new disks"] }),
  made("web1-Snapshot-20261106_020000", "standalone", "snapshot", 280, 5.1e9),
];
const info = { ...backup, id: "web1-Inc-20261120_020000", type: "incremental", parent_backup_id: "web1-Inc-20261119_020000" };

const messages = [
  ["info", "Backing up “web1”: incremental 4 of 7"],
  ["info", "The base is what was recorded: SHA-256 checked"],
  ["warning", "vdb: A raw disk cannot record what changed: it is backed up in full each time."],
  ["info", "Copying 2 disks of “web1”"],
  ["error", "The guest agent did not answer: the file systems were not frozen"],
];

export function logLines(count) {
  return Array.from({ length: count }, (_unused, index) => {
    const [level, message] = messages[index % messages.length];
    return { ...line, timestamp: new Date(Date.now() - (count - index) * 700).toISOString(), level, message };
  });
}

const ended = { ...job, id: "20261119_020000-5f2a9c00", state: "completed", started_at: hoursAgo(24), finished_at: hoursAgo(23.9) };

const [incremental, consolidation] = golden("vm-backup-plan.json").vms;
const plan = {
  plan: true,
  vms: [
    { ...incremental, vm: "db1", step: "base", reason: "No cycle is active: a new one begins.", needed_bytes: 64e9, free_bytes: 80e9 },
    { ...consolidation, vm: "mail.example.org", job_id: null, needed_bytes: 30e9, free_bytes: 80e9, warnings: [] },
  ],
  failed: golden("vm-backup-plan.json").failed,
  needed_bytes: 94e9,
};

/** A host in the middle of its work. */
export function busyHost() {
  const running = { ...job, progress: { ...job.progress, done_bytes: 48e9, total_bytes: 96e9, remaining_seconds: 458 } };
  return {
    "vm.list": { items: machines, result: golden("vm-list-result.json"), open: true },
    "vm.backup": { result: plan },
    "vm.restore": { result: golden("vm-restore-plan.json") },
    "backup.info": { result: info },
    "backup.delete": { result: golden("backup-delete-plan.json") },
    prune: {
      items: backups.filter(({ type, status }) => type === "snapshot" || status === "failed"),
      result: { count: 2, size_bytes: 5.1e9, warnings_count: 0 },
    },
    "config.get": { result: { retention_days: 7 } },
    "log.query": { items: logLines(12), result: { count: 12 } },
    "backup.list": { items: backups },
    "job.list": { items: [running, ended, golden("job-failed.json")] },
    "job.follow": { progress: [running], log: logLines(12), open: true },
  };
}

/** A host where nothing is: no machine, no backup, no job. */
export function emptyHost() {
  return {
    "vm.list": { result: { count: 0, unused_images: [] }, open: true },
    "backup.list": {},
    "job.list": {},
  };
}

/** A bed whose helper plays a scenario; say() changes what it says from then on. */
export async function startScenario(scenario, options = {}) {
  const file = `/var/tmp/cockpit-backup-scenario-${process.pid}-${Math.random().toString(36).slice(2)}.json`;
  writeFileSync(file, JSON.stringify(scenario));
  const command = [process.execPath, join(top, "tests", "fakes", "bridge.mjs"), file];
  const bed = await startBed({ command, ...options });
  bed.atClose(() => rmSync(file, { force: true }));
  return Object.assign(bed, { say: (next) => writeFileSync(file, JSON.stringify(next)) });
}
