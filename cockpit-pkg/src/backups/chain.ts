/* Which backup needs which: a project's backups as chains, for a person to read. Pure. */
import type { Backup } from "../bridge/views";

export interface Chain {
  /** The oldest first: each needs all those before it. */
  points: readonly Backup[];
}

export interface Chains {
  /** Two or more that need each other, or one that others are to follow; the newest last. */
  chains: readonly Chain[];
  /** What needs nothing but itself, and is not continued: copies, merged ones. The newest last. */
  alone: readonly Backup[];
}

const byTime = (a: Backup, b: Backup) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0);

export function isPinned(backup: Backup): boolean {
  return backup.type === "checkpoint";
}

/** A base or a full that is not a copy of its own can be continued. */
function canBeContinued(backup: Backup): boolean {
  return backup.type === "full" && backup.extra?.step !== "merged" && !backup.project_id.startsWith("event-log/");
}

/** All of one project's; those that failed hold nothing and are in no chain. */
export function chainsOf(backups: readonly Backup[]): Chains {
  const whole = backups.filter(({ status }) => status !== "failed").sort(byTime);
  const ids = new Set(whole.map(({ id }) => id));
  const children = new Map<string, Backup[]>();
  for (const backup of whole) {
    const parent = backup.parent_backup_id;
    if (parent !== null && ids.has(parent)) {
      children.set(parent, [...(children.get(parent) ?? []), backup]);
    }
  }

  const chains: Chain[] = [];
  const alone: Backup[] = [];
  for (const root of whole.filter(({ parent_backup_id: parent }) => parent === null || !ids.has(parent))) {
    const points: Backup[] = [];
    const waiting = [root];
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      points.push(point);
      waiting.unshift(...(children.get(point.id) ?? []));
    }
    if (points.length > 1 || canBeContinued(root) || root.type === "incremental") {
      chains.push({ points });
    } else {
      alone.push(root);
    }
  }
  return { chains, alone };
}

/** What cannot be restored without this one, directly or through others, the oldest first. */
export function dependentsOf(backup: Backup, backups: readonly Backup[]): Backup[] {
  const needed = new Set([backup.id]);
  const found: Backup[] = [];
  for (const other of [...backups].sort(byTime)) {
    if (other.status !== "failed" && other.parent_backup_id !== null && needed.has(other.parent_backup_id) && !needed.has(other.id)) {
      needed.add(other.id);
      found.push(other);
    }
  }
  return found;
}

/** A long chain in the room there is: its beginning and its newest, and how many are left out between. */
export function shortened(points: readonly Backup[], max: number): { first: readonly Backup[]; hidden: number; last: readonly Backup[] } {
  return points.length <= max
    ? { first: points, hidden: 0, last: [] }
    : { first: points.slice(0, 1), hidden: points.length - max + 1, last: points.slice(points.length - max + 2) };
}
