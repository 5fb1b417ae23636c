/* What the fake helper says: the golden views, and as many of them as a test needs. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
    "config.get": { result: { ...golden("settings.json"), retention_days: 7 } },
    "log.query": { items: logLines(12), result: { count: 12 } },
    "tree.list": { result: { count: 0 } },
    "schedule.list": { result: { count: 0, systemd: true } },
    "event-log.list": { result: { count: 0 } },
    "backup.list": { items: backups },
    "job.list": { items: [running, ended, golden("job-failed.json")], result: { count: 3 }, open: true },
    "job.follow": { progress: [running], log: logLines(12), open: true },
  };
}

const treePoint = (id, type, generation, hours, size_bytes) =>
  made(id, type, type, hours, size_bytes, { project_id: "tree/host1/databases", extra: { step: type, generation } });
const entry = golden("tree-entry.json");
const directory = (name, size_bytes, entries_count) => ({ ...golden("tree-directory.json"), name, path: `/srv/data/${name}`, size_bytes, entries_count, mode: "0755", mtime: hoursAgo(50), origin: 0 });

/** As a busy host, with what the tabs Files, Settings and Activity show. */
export function wholeHost() {
  const busy = busyHost();
  const schedule = golden("schedule.json");
  const event = golden("event.json");
  const files = [
    directory("archive", 812e9, 48211),
    directory("customers", 3.2e9, 1904),
    { ...entry, name: "export.csv" },
    { ...entry, name: "readme with a rather long name that has to be cut somewhere.md", path: "/srv/data/readme", size_bytes: 4096 },
    { ...entry, name: "current", path: "/srv/data/current", type: "link", size_bytes: 12, mode: "0777" },
  ];
  return {
    ...busy,
    "backup.list": {
      items: [
        ...busy["backup.list"].items,
        treePoint("2026-11-20T02-00-00", "incremental", "gen-2026-11-19", 5, 12e6),
        treePoint("2026-11-19T02-00-00", "full", "gen-2026-11-19", 29, 5.2e9),
        treePoint("2026-11-12T02-00-00", "full", "gen-2026-11-12", 24 * 8, 5.1e9),
        made("backup-eventlog-20261119-010000", "full", "full", 30, 45e3, { project_id: "event-log/default" }),
      ],
    },
    "tree.list": {
      items: [golden("tree-task.json"), { ...golden("tree-task.json"), name: "etc", project_id: "tree/host1/etc", sources: ["/etc", "/usr/local/etc"], keep_count: 0 }],
      result: { count: 2 },
    },
    "tree.browse": { items: files, result: { ...golden("tree-browse-result.json"), count: files.length } },
    "tree.restore": { result: { ...golden("tree-browse-result.json"), plan: true, target: "/var/tmp/restore", files_count: 1904, size_bytes: 3.2e9, extra_count: 0 } },
    "tree.set": { problem: "protocol-error", message: "“/nope” is not there" },
    "config.set": { problem: "access-denied", message: "QEMU, which writes the copies, may not pass “/root”: allow it with “chmod o+x /root”, or choose another directory" },
    "schedule.list": {
      items: [
        { ...schedule, what: "vms", schedule: "*-*-* 02:00:00", calendar: "*-*-* 02:00:00", active: true, next_at: hoursAgo(-8) },
        { ...schedule, schedule: "Mon..Fri 22:00", calendar: "Mon..Fri 22:00" },
        { ...schedule, what: "prune", schedule: "whenever", calendar: null, problem: "“whenever” is no time as a timer takes it" },
      ],
      result: { count: 3, systemd: true },
    },
    "event-log.list": {
      items: ["backup.created", "backup.exported", "settings.changed", "backup.deleted"].map((evento, index) => ({ ...event, evento, id: String(index), timestamp: hoursAgo(index * 3) })),
      result: { count: 4 },
    },
    "event-log.verify": { result: golden("event-log-verdict.json") },
  };
}

/** A host where nothing is: no machine, no backup, no job. */
export function emptyHost() {
  return {
    "vm.list": { result: { count: 0, unused_images: [] }, open: true },
    "backup.list": {},
    "job.list": { result: { count: 0 }, open: true },
    "tree.list": { result: { count: 0 } },
    "config.get": { result: golden("settings.json") },
    "schedule.list": { result: { count: 0, systemd: true } },
    "event-log.list": { result: { count: 0 } },
  };
}

/** A bed whose helper plays a scenario; say() changes what it says from then on. */
export async function startScenario(scenario, options = {}) {
  const file = `/var/tmp/cockpit-backup-scenario-${process.pid}-${Math.random().toString(36).slice(2)}.json`;
  // The helper may be reading it just now: it finds the one or the other, never a half.
  const say = (next) => {
    writeFileSync(`${file}.new`, JSON.stringify(next));
    renameSync(`${file}.new`, file);
  };
  say(scenario);
  const command = [process.execPath, join(top, "tests", "fakes", "bridge.mjs"), file];
  const bed = await startBed({ command, ...options });
  bed.atClose(() => rmSync(file, { force: true }));
  return Object.assign(bed, { say });
}
