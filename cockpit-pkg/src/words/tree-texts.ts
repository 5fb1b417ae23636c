/* The helper's words about file trees, schedules and events, in the person's language. */
import { _, format } from "../bridge/cockpit";
import type { Verdict } from "../bridge/event-views";
import { number, utcDay } from "./format";

export function entryType(type: string): string {
  switch (type) {
    case "directory":
      return _("Directory");
    case "file":
      return _("File");
    case "link":
      return _("Symbolic link");
    case "device":
      return _("Device");
    case "pipe":
      return _("Named pipe");
    case "socket":
      return _("Socket");
    default:
      return type;
  }
}

/** gen-2026-11-20.2 → the second generation begun on that day. */
export function generationTitle(name: string): string {
  const [, date, nth] = /^gen-(\d{4}-\d\d-\d\d)(?:\.(\d+))?$/.exec(name) ?? [];
  if (date === undefined) {
    return name;
  }
  // The name is a day by itself, whatever the time zone.
  const text = utcDay(`${date}T00:00:00Z`);
  return nth === undefined ? format(_("Generation of $0"), text) : format(_("Generation of $0, number $1"), text, nth);
}

/** What a schedule is of. */
export function scheduled(what: string): string {
  switch (what) {
    case "vms":
      return _("Backup of all virtual machines");
    case "prune":
      return _("Clean-up of old backups");
    case "verify":
      return _("Verification of all backups");
    case "event-log":
      return _("Cold backup of the event log");
    default:
      return what.startsWith("vm/")
        ? format(_("Backup of the virtual machine $0"), what.slice("vm/".length))
        : format(_("Backup of the files $0"), what.slice(what.indexOf("/") + 1));
  }
}

export function eventName(name: string): string {
  switch (name) {
    case "backup.created":
      return _("Backup made");
    case "backup.consolidated":
      return _("Backups merged");
    case "backup.verified":
      return _("Backup verified");
    case "backup.restored":
      return _("Backup restored");
    case "backup.exported":
      return _("Backup downloaded");
    case "backup.pinned":
      return _("Backup pinned");
    case "backup.pruned":
      return _("Old backup removed");
    case "backup.deleted":
      return _("Backup deleted");
    case "settings.changed":
      return _("Setting changed");
    case "access.denied":
      return _("Access denied");
    case "event-log.pruned":
      return _("Event log shortened by its rule");
    case "event-log.recovered":
      return _("Event log mended after a crash");
    case "event-log.shortened":
      return _("Event log found shorter");
    case "event-log.restored":
      return _("Event log restored");
    default:
      return name;
  }
}

/** What was verified, never more than that. */
export function verdictText(verdict: Verdict): { title: string; detail: string; good: boolean } {
  if (verdict.broken !== null) {
    return {
      title: _("The event log is broken"),
      detail: format(
        _("First broken event: number $0 of segment $1. $2"),
        number(verdict.broken.index + 1),
        number(verdict.broken.segment),
        verdict.broken.message,
      ),
      good: false,
    };
  }
  const counts = format(_("$0 of $1 events were verified."), number(verdict.verified_events), number(verdict.total_events));
  switch (verdict.verified_from) {
    case "genesis":
      return { title: _("Verified in full"), detail: counts, good: true };
    case "anchor":
      return {
        title: _("Verified in full from the anchor"),
        detail: format(_("$0 Older events were removed by the rule; an event vouches for them."), counts),
        good: true,
      };
    case "snapshot":
      return {
        title: _("Verified in part: only what came after the snapshot"),
        detail: _("What is older was not looked at."),
        good: true,
      };
    default:
      return {
        title: _("Verified from the first event there is"),
        detail: format(_("$0 Nothing tells whether older ones are missing."), counts),
        good: true,
      };
  }
}
