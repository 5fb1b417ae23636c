/* What a job that ended well has to tell, in one sentence. */
import { _, format, ngettext } from "../bridge/cockpit";
import { isNumber, isString, listOf, shape } from "../bridge/shape";
import { type Job, vmBackupResult } from "../bridge/views";
import { bytes, duration, number } from "./format";

const isRestored = shape({ vm: isString, files: listOf(isString), size_bytes: isNumber });
const isVerified = shape({ verified_count: isNumber, broken_count: isNumber });
const isRemoved = shape({ count: isNumber, size_bytes: isNumber });

function restored(result: unknown): string | null {
  return isRestored(result)
    ? format(
        ngettext("$0 is there: $1 file, $2", "$0 is there: $1 files, $2", result.files.length),
        result.vm,
        number(result.files.length),
        bytes(result.size_bytes),
      )
    : null;
}

function verified(result: unknown): string | null {
  if (!isVerified(result)) {
    return null;
  }
  const whole = result.verified_count - result.broken_count;
  return format(ngettext("$0 backup is whole", "$0 backups are whole", whole), number(whole));
}

function removed(result: unknown): string | null {
  return isRemoved(result)
    ? format(
        ngettext("$0 backup was removed, $1 freed", "$0 backups were removed, $1 freed", result.count),
        number(result.count),
        bytes(result.size_bytes),
      )
    : null;
}

function backedUp(job: Job): string | null {
  const result = vmBackupResult(job);
  return result === null || result.backups.length === 0
    ? null
    : format(
        ngettext("$0 backup, $1 in $2", "$0 backups, $1 in $2", result.backups.length),
        number(result.backups.length),
        bytes(result.size_bytes),
        duration(result.seconds),
      );
}

/** Null when there is nothing to add to its state. */
export function jobResultText(job: Job): string | null {
  switch (job.op) {
    case "vm.backup":
      return backedUp(job);
    case "vm.restore":
      return restored(job.result);
    case "vm.forget":
      return job.state === "completed" ? _("The next backup begins a new cycle") : null;
    case "backup.verify":
      return verified(job.result);
    case "backup.delete":
    case "prune":
      return removed(job.result);
    default:
      return null;
  }
}
