/* The helper's words in the person's language. A word this page does not know is shown as it is. */
import type { Problem } from "../bridge/channel";
import { _, format, ngettext } from "../bridge/cockpit";
import { type Backup, type Disk, type Vm, backupFinding } from "../bridge/views";

export type Colour = "green" | "grey" | "orange" | "red" | "blue" | "purple" | "teal";

export function vmState(state: string): { text: string; colour: Colour } {
  switch (state) {
    case "running":
      return { text: _("Running"), colour: "green" };
    case "paused":
      return { text: _("Paused"), colour: "orange" };
    case "suspended":
      return { text: _("Suspended"), colour: "orange" };
    case "shutoff":
      return { text: _("Shut off"), colour: "grey" };
    case "crashed":
      return { text: _("Crashed"), colour: "red" };
    default:
      return { text: state, colour: "grey" };
  }
}

export function nextStep(vm: Vm): { title: string; detail: string } {
  switch (vm.next_step) {
    case "base":
      return { title: _("Base"), detail: _("Everything is copied and a new cycle begins") };
    case "incremental":
      return {
        title: format(_("Incremental $0 of $1"), vm.incrementals_count + 1, vm.max_incrementals),
        detail: _("Only what has changed is copied"),
      };
    case "consolidation":
      return {
        title: _("Consolidation"),
        detail: format(
          ngettext(
            "The base and $0 incremental become one full backup that is kept for good",
            "The base and $0 incrementals become one full backup that is kept for good",
            vm.incrementals_count,
          ),
          vm.incrementals_count,
        ),
      };
    case "standalone":
      return { title: _("Standalone copy"), detail: _("Everything is copied, beside the cycle, which stays as it is") };
    default:
      return { title: vm.next_step, detail: "" };
  }
}

export function diskBackup(disk: Disk): string {
  switch (disk.backup) {
    case "incremental":
      return _("Changes only");
    case "full":
      return _("In full each time");
    case "none":
      return _("Not backed up");
    default:
      return disk.backup;
  }
}

/** What a plan has for one disk. */
export function diskAction(action: string): string {
  switch (action) {
    case "full":
      return _("In full");
    case "incremental":
      return _("Changes only");
    case "merge":
      return _("Merged");
    case "none":
      return _("Left out");
    default:
      return action;
  }
}

/** How a consolidation merges. */
export function mergeWay(merge: string): string {
  switch (merge) {
    case "in-place":
      return _("Into the base, in place; the newest state can be restored throughout");
    case "clone":
      return _("Into a clone of the base, which shares its blocks");
    case "copy":
      return _("Into a new file, which is compared");
    default:
      return merge;
  }
}

/** What a backup is: pinned copy, its step of a cycle where it has one, else its type. */
export function backupKindName(backup: Backup): string {
  const step = backup.extra?.step;
  if (backup.type === "checkpoint" && step !== "merged") {
    return "checkpoint";
  }
  // A package of the event log is always a full one.
  return typeof step === "string" && step !== "event-log" ? step : backup.type;
}

/** The same in the person's words. */
export function backupKind(backup: Backup): { text: string; colour: Colour } {
  switch (backupKindName(backup)) {
    case "base":
      return { text: _("Base"), colour: "blue" };
    case "incremental":
      return { text: _("Incremental"), colour: "teal" };
    case "merged":
    case "consolidation":
      return { text: _("Full, merged"), colour: "purple" };
    case "standalone":
    case "snapshot":
      return { text: _("Standalone copy"), colour: "orange" };
    case "checkpoint":
      return { text: _("Pinned"), colour: "purple" };
    case "full":
      return { text: _("Full"), colour: "blue" };
    default:
      return { text: backup.type, colour: "grey" };
  }
}

/** Its status; one in which a verification found damage is not just completed. */
export function backupStatusName(backup: Backup): string {
  return backup.status === "completed" && backupFinding(backup) !== null ? "damaged" : backup.status;
}

export function backupStatus(status: string): { text: string; colour: Colour } {
  switch (status) {
    case "damaged":
      return { text: _("Damaged"), colour: "red" };
    case "completed":
      return { text: _("Completed"), colour: "green" };
    case "pending":
      return { text: _("Waiting"), colour: "grey" };
    case "running":
      return { text: _("Running"), colour: "blue" };
    case "failed":
      return { text: _("Failed"), colour: "red" };
    case "validating":
      return { text: _("Being verified"), colour: "blue" };
    case "restoring":
      return { text: _("Being restored"), colour: "blue" };
    default:
      return { text: status, colour: "grey" };
  }
}

export function jobState(state: string): { text: string; colour: Colour } {
  switch (state) {
    case "pending":
    case "queued":
      return { text: _("Waiting"), colour: "grey" };
    case "running":
      return { text: _("Running"), colour: "blue" };
    case "completed":
    case "done":
      return { text: _("Completed"), colour: "green" };
    case "failed":
      return { text: _("Failed"), colour: "red" };
    case "cancelled":
      return { text: _("Cancelled"), colour: "orange" };
    case "interrupted":
      return { text: _("Interrupted"), colour: "orange" };
    default:
      return { text: state, colour: "grey" };
  }
}

export function jobTitle(op: string): string {
  switch (op) {
    case "vm.backup":
      return _("Backup of virtual machines");
    case "vm.restore":
      return _("Restore of a virtual machine");
    case "tree.backup":
      return _("Backup of files");
    case "tree.restore":
      return _("Restore of files");
    case "backup.verify":
      return _("Verification");
    case "vm.forget":
      return _("Forgetting a chain");
    case "backup.pin":
      return _("Pinning");
    case "backup.delete":
      return _("Deletion");
    case "event-log.backup":
      return _("Backup of the event log");
    case "event-log.restore":
      return _("Restore of the event log");
    case "prune":
      return _("Clean-up of old backups");
    default:
      return op;
  }
}

/** What a job does at this moment. */
export function progressStep(step: string): string {
  switch (step) {
    case "copy":
      return _("Copying");
    case "restore":
      return _("Restoring");
    case "hash":
      return _("Computing checksums");
    case "verify":
      return _("Verifying");
    case "merge":
    case "consolidate":
      return _("Merging");
    default:
      return step;
  }
}

export function logLevel(level: string): string {
  switch (level) {
    case "debug":
      return _("Debug");
    case "info":
      return _("Info");
    case "warning":
      return _("Warning");
    case "error":
      return _("Error");
    default:
      return level;
  }
}

/** vm/web1 → web1, where it is plain what kind it is. */
export function projectName(projectId: string): string {
  return projectId.replace(/^(vm|tree|event-log)\//, "");
}

/** Among projects of all kinds: a machine by its name, anything else with what it is. */
export function projectTitle(projectId: string): string {
  const name = projectName(projectId);
  if (projectId.startsWith("tree/")) {
    return format(_("Files: $0"), name);
  }
  if (projectId.startsWith("event-log/")) {
    return name === "default" ? _("Event log") : format(_("Event log: $0"), name);
  }
  return name;
}

export interface ProblemText {
  title: string;
  advice: string;
}

/** What a person reads when a listing, or a whole page, is not to be had. */
export function problemText({ problem }: Problem): ProblemText {
  switch (problem) {
    case "not-supported":
    case "no-cockpit":
      return {
        title: _("The backup service does not answer"),
        advice: _(
          "The program cockpit-backup is not installed on this machine, or it could not be started. Install it, then log in again.",
        ),
      };
    case "access-denied":
    case "authentication-failed":
      return {
        title: _("Administrative access is needed"),
        advice: _("Turn on administrative access at the top of the page to see and make backups."),
      };
    case "unavailable":
      return {
        title: _("libvirt does not answer"),
        advice: _(
          "Virtual machines cannot be listed. Install libvirt-daemon-system if it is missing, and start libvirtd. This page goes on by itself.",
        ),
      };
    case "disconnected":
    case "terminated":
    case "timeout":
    case "no-host":
      return {
        title: _("The connection was lost"),
        advice: _("This page goes on by itself as soon as the connection is back. Running backups are not affected."),
      };
    case "protocol-error":
      return {
        title: _("The page and the backup service do not understand each other"),
        advice: _("They are of different versions. Update both, then load this page again."),
      };
    case "no-space":
      return { title: _("There is not enough space"), advice: _("Free some space in the repository, then try again.") };
    case "busy":
      return { title: _("Another run is at work"), advice: _("Wait until it has ended, or cancel it.") };
    case "not-found":
      return { title: _("It is not there any more"), advice: _("Load the list again to see what there is.") };
    case "integrity":
      return {
        title: _("The stored data are damaged"),
        advice: _("They are not what was recorded about them. Nothing was handed out."),
      };
    case "cancelled":
      return { title: _("It was cancelled"), advice: "" };
    default:
      return { title: _("Something went wrong"), advice: _("The log tells more.") };
  }
}

/** The words of a pager. */
export function pagingTexts() {
  return {
    items: "",
    page: "",
    ofWord: _("of"),
    perPageSuffix: _("per page"),
    itemsPerPage: _("Rows per page"),
    toFirstPageAriaLabel: _("First page"),
    toPreviousPageAriaLabel: _("Previous page"),
    toNextPageAriaLabel: _("Next page"),
    toLastPageAriaLabel: _("Last page"),
    optionsToggleAriaLabel: _("Rows per page"),
    currPageAriaLabel: _("Current page"),
    paginationAriaLabel: _("Pages"),
  };
}
