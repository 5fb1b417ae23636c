/* What the tables show, worked out of the state: filtered, sorted, paged, added up. Pure. */
import type { Backup, Job, Vm } from "../bridge/views";
import { backupKind, backupKindName, backupStatus, backupStatusName, projectTitle, vmState } from "../words/texts";
import { type BackupSort, type BackupsState, type Paging, type Sort, type State, type VmSort, backupId, isOver } from "./state";

function wordsOf(search: string): string[] {
  return search.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

/* What a search looks through, put together once: ten thousand of them at each key would be felt. */
const searched = new WeakMap<Vm | Backup, string>();

function matches<T extends Vm | Backup>(words: readonly string[], item: T, textsOf: (item: T) => (string | null)[]): boolean {
  if (words.length === 0) {
    return true;
  }
  let all = searched.get(item);
  if (all === undefined) {
    all = textsOf(item).join("\n").toLowerCase();
    searched.set(item, all);
  }
  const text = all;
  return words.every((word) => text.includes(word));
}

function vmTexts(vm: Vm): (string | null)[] {
  return [vm.name, vm.uuid, vm.state, vmState(vm.state).text, ...vm.disks.map((disk) => disk.path)];
}

function backupTexts(backup: Backup): string[] {
  const { project_id, id, type, tags } = backup;
  const status = backupStatusName(backup);
  return [project_id, id, type, status, backupKind(backup).text, backupStatus(status).text, ...tags];
}

const byText = new Intl.Collator(undefined, { numeric: true }).compare;

function ordered<T>(list: readonly T[], compare: (a: T, b: T) => number, tie: (a: T, b: T) => number, descending: boolean): T[] {
  const sign = descending ? -1 : 1;
  return [...list].sort((a, b) => sign * compare(a, b) || tie(a, b));
}

const vmOrders: Record<VmSort, (a: Vm, b: Vm) => number> = {
  name: (a, b) => byText(a.name, b.name),
  state: (a, b) => byText(a.state, b.state),
  size: (a, b) => a.total_bytes - b.total_bytes,
  "last-backup": (a, b) => byText(a.last_backup?.created_at ?? "", b.last_backup?.created_at ?? ""),
  "next-step": (a, b) => byText(a.next_step, b.next_step) || a.incrementals_count - b.incrementals_count,
};

export function visibleVms(vms: Iterable<Vm>, search: string, sort: Sort<VmSort>): Vm[] {
  const words = wordsOf(search);
  const found = [...vms].filter((vm) => matches(words, vm, vmTexts));
  return ordered(found, vmOrders[sort.by], vmOrders.name, sort.descending);
}

const backupOrders: Record<BackupSort, (a: Backup, b: Backup) => number> = {
  name: (a, b) => byText(a.id, b.id),
  type: (a, b) => byText(a.type, b.type),
  status: (a, b) => byText(backupStatusName(a), backupStatusName(b)),
  created: (a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0),
  size: (a, b) => a.size_bytes - b.size_bytes,
};

export interface BackupFilter {
  search: string;
  kind: string;
  status: string;
}

/** Machines first: they are what most people look for. */
const KINDS = ["vm/", "tree/"];
function rank({ projectId }: ProjectGroup): number {
  const index = KINDS.findIndex((kind) => projectId.startsWith(kind));
  return index < 0 ? KINDS.length : index;
}

/** Backups under the projects they are of; machines, then files, then event logs; projects by name, backups as asked. */
export function visibleBackups(backups: readonly Backup[], { search, kind, status }: BackupFilter, sort: Sort<BackupSort>): Backup[] {
  const words = wordsOf(search);
  const isAll = words.length === 0 && kind === "" && status === "";
  const found = isAll ? backups : backups.filter(
    (backup) =>
      (kind === "" || backupKindName(backup) === kind) &&
      (status === "" || backupStatusName(backup) === status) &&
      matches(words, backup, backupTexts),
  );
  // Sorted within each project: comparing names by language is dear, and most are of other projects.
  return projectsOf(found).flatMap((group) => ordered(group.backups, backupOrders[sort.by], backupOrders.name, sort.descending));
}

export interface ProjectGroup {
  projectId: string;
  name: string;
  backups: readonly Backup[];
}

export function groupByProject(backups: readonly Backup[]): ProjectGroup[] {
  const groups = new Map<string, Backup[]>();
  for (const backup of backups) {
    const group = groups.get(backup.project_id);
    if (group === undefined) {
      groups.set(backup.project_id, [backup]);
    } else {
      group.push(backup);
    }
  }
  return [...groups].map(([projectId, list]) => ({ projectId, name: projectTitle(projectId), backups: list }));
}

const projects = new WeakMap<readonly Backup[], readonly ProjectGroup[]>();

/** The projects of a list of backups in the order they stand in; of the same list they are worked out once. */
export function projectsOf(backups: readonly Backup[]): readonly ProjectGroup[] {
  let groups = projects.get(backups);
  if (groups === undefined) {
    groups = groupByProject(backups).sort((a, b) => rank(a) - rank(b) || byText(a.projectId, b.projectId));
    projects.set(backups, groups);
  }
  return groups;
}

/** The pages of a list are such that this one is on one of them; null if it is not in the list. */
export function pageWith<T>(list: readonly T[], perPage: number, isIt: (item: T) => boolean): number | null {
  const index = list.findIndex(isIt);
  return index < 0 ? null : Math.floor(index / perPage) + 1;
}

/** Whether a machine can be made of it: its files are there. */
export function canRestoreVm(backup: Backup): boolean {
  return backup.status === "completed" && backup.project_id.startsWith("vm/");
}

/** One page of a list; a page beyond the end is the last. */
export function pageOf<T>(list: readonly T[], { page, perPage }: Paging): { rows: readonly T[]; page: number } {
  const last = Math.max(1, Math.ceil(list.length / perPage));
  const shown = Math.min(Math.max(1, page), last);
  return { rows: list.slice((shown - 1) * perPage, shown * perPage), page: shown };
}

export function totalBytes(list: readonly { total_bytes: number }[]): number {
  return list.reduce((sum, { total_bytes }) => sum + total_bytes, 0);
}

const OLD_MS = 7 * 86_400_000;

/** Whether a machine has a backup at all, and one that is not older than a week. */
export function protection(vm: Vm, now: Date): "none" | "old" | "good" {
  if (vm.last_backup === null) {
    return "none";
  }
  return now.getTime() - Date.parse(vm.last_backup.created_at) > OLD_MS ? "old" : "good";
}

export function selectedVms({ vms }: Pick<State, "vms">): Vm[] {
  return [...vms.selected].flatMap((uuid) => vms.byId.get(uuid) ?? []);
}

/** A machine that a job is working on cannot be given to another. */
export function canBackUp(vm: Vm): boolean {
  return vm.job_id === null && vm.disks.some((disk) => disk.backup !== "none");
}

export function selectedBackups({ backups }: { backups: Pick<BackupsState, "list" | "selected"> }): Backup[] {
  return backups.selected.size === 0 ? [] : backups.list.filter((backup) => backups.selected.has(backupId(backup)));
}

export function findBackup({ backups }: Pick<State, "backups">, id: string): Backup | undefined {
  return backups.list.find((backup) => backupId(backup) === id);
}

/** Only what was completed holds anything to download. */
export function canExport(backup: Backup): boolean {
  return backup.status === "completed";
}

export function runningJobs({ jobs }: State): Job[] {
  return [...jobs.byId.values()].filter((job) => !isOver(job)).sort((a, b) => byText(a.id, b.id));
}

export function endedJobs({ jobs }: State): Job[] {
  return jobs.ended.flatMap((id) => jobs.byId.get(id) ?? []);
}

export function allJobs({ jobs }: Pick<State, "jobs">): Job[] {
  return [...jobs.byId.values()].sort((a, b) => byText(b.id, a.id));
}
