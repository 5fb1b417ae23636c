/*
 * The JSON views that the helper shows; tests/golden/views holds one example of each, and both
 * sides' unit tests check against those. Whatever comes over a channel passes one of these guards
 * before anything else of the page sees it.
 */
import {
  type Shaped,
  isBoolean,
  isList,
  isNumber,
  isRecord,
  isString,
  listOf,
  literal,
  nullable,
  optional,
  shape,
} from "./shape";

export const isDisk = shape({
  target: isString,
  path: nullable(isString),
  format: isString,
  device: isString,
  capacity_bytes: isNumber,
  allocation_bytes: isNumber,
  backup: isString,
  reason: nullable(isString),
});
export type Disk = Shaped<typeof isDisk>;

const isWarning = shape({ code: isString, message: isString });

export const isVm = shape({
  name: isString,
  uuid: isString,
  state: isString,
  disks: listOf(isDisk),
  total_bytes: isNumber,
  last_backup: nullable(
    shape({ id: isString, type: isString, created_at: isString, size_bytes: isNumber }),
  ),
  next_step: isString,
  incrementals_count: isNumber,
  max_incrementals: isNumber,
  job_id: nullable(isString),
  warnings: listOf(isWarning),
});
export type Vm = Shaped<typeof isVm>;

export const isVmRemoved = shape({ uuid: isString, removed: literal(true) });
export type VmRemoved = Shaped<typeof isVmRemoved>;

export const isUnusedImage = shape({
  path: isString,
  pool: isString,
  format: isString,
  capacity_bytes: isNumber,
  allocation_bytes: isNumber,
});
export type UnusedImage = Shaped<typeof isUnusedImage>;

export const isVmListResult = shape({ count: isNumber, unused_images: listOf(isUnusedImage) });
export type VmListResult = Shaped<typeof isVmListResult>;

export const isBackupFile = shape({ path: isString, size: isNumber, sha256: isString });

export const isBackup = shape({
  id: isString,
  project_id: isString,
  type: isString,
  status: isString,
  created_at: isString,
  completed_at: nullable(isString),
  size_bytes: isNumber,
  checksum: nullable(isString),
  parent_backup_id: nullable(isString),
  files_count: isNumber,
  error_message: nullable(isString),
  tags: listOf(isString),
  extra: optional(nullable(isRecord)),
});
export type Backup = Shaped<typeof isBackup>;

export const isProgress = shape({
  project_id: nullable(isString),
  step: isString,
  done_bytes: isNumber,
  total_bytes: isNumber,
  rate_bytes_per_second: isNumber,
  remaining_seconds: nullable(isNumber),
});
export type Progress = Shaped<typeof isProgress>;

export const isJobError = shape({ problem: isString, message: isString });

export const isJob = shape({
  id: isString,
  op: isString,
  args: nullable(isRecord),
  actor: isString,
  projects: listOf(isString),
  state: isString,
  created_at: isString,
  started_at: nullable(isString),
  finished_at: nullable(isString),
  progress: nullable(isProgress),
  result: nullable(isRecord),
  error: nullable(isJobError),
});
export type Job = Shaped<typeof isJob>;

export const isLogLine = shape({
  timestamp: isString,
  level: isString,
  project_id: nullable(isString),
  backup_id: nullable(isString),
  job_id: nullable(isString),
  action: nullable(isString),
  status: nullable(isString),
  message: isString,
  error: optional(nullable(isString)),
});
export type LogLine = Shaped<typeof isLogLine>;

export const isVmFailure = shape({
  vm: isString,
  project_id: isString,
  problem: isString,
  message: isString,
});

export const isVmBackupResult = shape({
  backups: listOf(
    shape({
      vm: isString,
      project_id: isString,
      step: isString,
      backup_id: isString,
      size_bytes: isNumber,
      seconds: isNumber,
      warnings: isList,
    }),
  ),
  failed: listOf(isVmFailure),
  size_bytes: isNumber,
  seconds: isNumber,
});
export type VmBackupResult = Shaped<typeof isVmBackupResult>;

/** What vm.backup with `plan` says it would do. */
export const isVmBackupPlan = shape({
  plan: literal(true),
  vms: listOf(
    shape({
      vm: isString,
      project_id: isString,
      step: isString,
      merge: nullable(isString),
      reason: nullable(isString),
      job_id: nullable(isString),
      disks: listOf(
        shape({
          target: isString,
          action: isString,
          reason: nullable(isString),
          needed_bytes: nullable(isNumber),
        }),
      ),
      needed_bytes: isNumber,
      free_bytes: isNumber,
      removes: listOf(isString),
      warnings: listOf(isWarning),
    }),
  ),
  failed: listOf(isVmFailure),
  needed_bytes: isNumber,
});
export type VmBackupPlan = Shaped<typeof isVmBackupPlan>;

/** What vm.restore with `plan` says it would do, and what stands in its way. */
export const isVmRestorePlan = shape({
  plan: literal(true),
  mode: isString,
  backup_id: isString,
  vm: isString,
  reads: listOf(isString),
  files: listOf(
    shape({ target: isString, path: isString, format: isString, capacity_bytes: isNumber, replaces: isBoolean }),
  ),
  needed_bytes: isNumber,
  free_bytes: isNumber,
  ends_cycle: isBoolean,
  job_id: nullable(isString),
  obstacles: listOf(shape({ field: nullable(isString), problem: isString, message: isString })),
  warnings: listOf(isWarning),
});
export type VmRestorePlan = Shaped<typeof isVmRestorePlan>;

/** What backup.delete with `plan` says it would do. */
export const isBackupDeletePlan = shape({
  plan: literal(true),
  backup_id: isString,
  dependents: listOf(isString),
  size_bytes: isNumber,
  asks_for_name: isBoolean,
  cycle_vm: nullable(isString),
  job_id: nullable(isString),
});
export type BackupDeletePlan = Shaped<typeof isBackupDeletePlan>;

/** What prune says at the end, of its plan or of what it did. */
export const isPruneResult = shape({ count: isNumber, size_bytes: isNumber, warnings_count: isNumber });
export type PruneResult = Shaped<typeof isPruneResult>;

/** Where a listing only counts at its end. */
export const isCountResult = shape({ count: isNumber });

/** The settings that a dialog takes its first value from. */
export const isRetentionSetting = shape({ retention_days: isNumber });

const isFileList = listOf(isBackupFile);

/** The files that backup.info names; a listing leaves them out. */
const isFinding = shape({ at: isString, message: isString });
export type Finding = Shaped<typeof isFinding>;

/** What the last verification found wrong with a backup; null while nothing is known to be. */
export function backupFinding(backup: Backup): Finding | null {
  const broken = backup.extra?.broken;
  return isFinding(broken) ? broken : null;
}

export function backupFiles(backup: Backup): { path: string; size: number; sha256: string }[] {
  const files = backup.extra?.files;
  return isFileList(files) ? files : [];
}

/** What a job of vm.backup made; null for another job, or while it runs. */
export function vmBackupResult(job: Job): VmBackupResult | null {
  return job.op === "vm.backup" && isVmBackupResult(job.result) ? job.result : null;
}
