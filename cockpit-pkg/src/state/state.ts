/*
 * Everything the page knows, and the one function that changes it. No clock, no channel, no DOM.
 */
import type { Problem } from "../bridge/channel";
import type { Backup, Job, LogLine, UnusedImage, Vm, VmRemoved } from "../bridge/views";
import { appendLines, type LogState, emptyLog, replayStarted, clearLog } from "./log";

/** What a listing is in: not heard of yet, there, or not to be had. */
export type Load = { phase: "loading" } | { phase: "ready" } | { phase: "failed"; problem: Problem };

export type VmSort = "name" | "state" | "size" | "last-backup" | "next-step";
export type BackupSort = "name" | "type" | "status" | "created" | "size";
export interface Sort<Column> {
  by: Column;
  descending: boolean;
}

export interface Paging {
  page: number; // from 1
  perPage: number;
}

export interface VmsState {
  load: Load;
  /** The watch ended after it had been there: what is shown may be old. */
  lost: Problem | null;
  byId: ReadonlyMap<string, Vm>;
  /** While a listing comes in: what it has named so far. */
  seen: ReadonlySet<string> | null;
  unusedImages: readonly UnusedImage[];
  selected: ReadonlySet<string>;
  expanded: ReadonlySet<string>;
  search: string;
  sort: Sort<VmSort>;
  paging: Paging;
}

export interface BackupsState {
  load: Load;
  list: readonly Backup[];
  /** While a listing comes in: what it has named so far. */
  incoming: readonly Backup[] | null;
  selected: ReadonlySet<string>;
  expanded: ReadonlySet<string>;
  search: string;
  /** Only those of a kind (words/texts.ts) or a status; empty is all. */
  kind: string;
  status: string;
  sort: Sort<BackupSort>;
  paging: Paging;
}

export interface JobsState {
  load: Load;
  byId: ReadonlyMap<string, Job>;
  /** Jobs that ended while the page was open and whose end has not been put away. */
  ended: readonly string[];
}

/** What a person asked for and did not get, or got. */
export type NoticeWhat = "not-started" | "job-not-cancelled" | "export-failed" | "export-started" | "export-done" | "settings-saved";

export interface Notice {
  id: number;
  what: NoticeWhat;
  /** What was asked for, of a job that was not started. */
  op: string | null;
  problem: Problem | null;
}

/** What stands before the page; a backup is named by its full id. */
export type Dialog =
  | { kind: "back-up"; uuids: readonly string[] }
  | { kind: "forget"; uuid: string }
  | { kind: "restore"; id: string }
  | { kind: "pin"; id: string }
  | { kind: "delete"; id: string }
  | { kind: "clean" };

export interface State {
  vms: VmsState;
  backups: BackupsState;
  jobs: JobsState;
  log: LogState;
  /** A backup was asked for, and its job has not answered yet. */
  starting: boolean;
  dialog: Dialog | null;
  notices: readonly Notice[];
  noticeCount: number;
}

export type Action =
  | { type: "vms-opened" }
  | { type: "vms-items"; items: readonly (Vm | VmRemoved)[] }
  | { type: "vms-listed"; unusedImages: readonly UnusedImage[] }
  | { type: "vms-closed"; problem: Problem }
  | { type: "vms-select"; uuids: readonly string[]; selected: boolean }
  | { type: "vms-expand"; uuid: string; expanded: boolean }
  | { type: "vms-search"; search: string }
  | { type: "vms-sort"; sort: Sort<VmSort> }
  | { type: "vms-paging"; paging: Paging }
  | { type: "backups-opened" }
  | { type: "backups-items"; items: readonly Backup[] }
  | { type: "backups-closed"; problem: Problem | null }
  | { type: "backups-select"; ids: readonly string[]; selected: boolean }
  | { type: "backups-search"; search: string }
  | { type: "backups-expand"; id: string; expanded: boolean }
  | { type: "backups-filter"; kind: string; status: string }
  | { type: "backups-sort"; sort: Sort<BackupSort> }
  | { type: "backups-paging"; paging: Paging }
  | { type: "jobs-items"; items: readonly Job[] }
  | { type: "jobs-listed" }
  | { type: "jobs-closed"; problem: Problem }
  | { type: "job-changed"; job: Job }
  | { type: "job-put-away"; id: string }
  | { type: "log-replay"; jobId: string }
  | { type: "log-lines"; lines: readonly LogLine[] }
  | { type: "log-clear" }
  | { type: "starting"; starting: boolean }
  | { type: "dialog"; dialog: Dialog | null }
  | { type: "notice"; what: NoticeWhat; op?: string; problem: Problem | null }
  | { type: "notice-put-away"; id: number };

/** More rows than fit a screen are drawn for nothing, and a change of all of them is felt. */
const PER_PAGE = 25;

export const initialState: State = {
  vms: {
    load: { phase: "loading" },
    lost: null,
    byId: new Map(),
    seen: null,
    unusedImages: [],
    selected: new Set(),
    expanded: new Set(),
    search: "",
    sort: { by: "name", descending: false },
    paging: { page: 1, perPage: PER_PAGE },
  },
  backups: {
    load: { phase: "loading" },
    list: [],
    incoming: null,
    selected: new Set(),
    expanded: new Set(),
    search: "",
    kind: "",
    status: "",
    sort: { by: "created", descending: true },
    paging: { page: 1, perPage: PER_PAGE },
  },
  jobs: { load: { phase: "loading" }, byId: new Map(), ended: [] },
  log: emptyLog,
  starting: false,
  dialog: null,
  notices: [],
  noticeCount: 0,
};

/** A backup's full id, as the helper's operations take it. */
export function backupId(backup: Backup): string {
  return `${backup.project_id}/${backup.id}`;
}

export function isOver(job: Job): boolean {
  return job.finished_at !== null;
}

function withMembers<T>(set: ReadonlySet<T>, members: readonly T[], present: boolean): ReadonlySet<T> {
  const changed = new Set(set);
  members.forEach((member) => (present ? changed.add(member) : changed.delete(member)));
  return changed;
}

function keepOnly<T>(set: ReadonlySet<T>, has: (member: T) => boolean): ReadonlySet<T> {
  const kept = [...set].filter(has);
  return kept.length === set.size ? set : new Set(kept);
}

function vmItems(vms: VmsState, items: readonly (Vm | VmRemoved)[]): VmsState {
  const byId = new Map(vms.byId);
  const seen = vms.seen === null ? null : new Set(vms.seen);
  for (const item of items) {
    if ("removed" in item) {
      byId.delete(item.uuid);
      seen?.delete(item.uuid);
    } else {
      byId.set(item.uuid, item);
      seen?.add(item.uuid);
    }
  }
  // While a listing comes in, nobody knows yet what is gone.
  const selected = seen === null ? keepOnly(vms.selected, (uuid) => byId.has(uuid)) : vms.selected;
  return { ...vms, byId, seen, selected };
}

/** The first listing is complete: a machine it did not name is gone. */
function vmsListed(vms: VmsState, unusedImages: readonly UnusedImage[]): VmsState {
  const { seen } = vms;
  const byId = seen === null ? vms.byId : new Map([...vms.byId].filter(([uuid]) => seen.has(uuid)));
  return {
    ...vms,
    load: { phase: "ready" },
    lost: null,
    byId,
    seen: null,
    unusedImages,
    selected: keepOnly(vms.selected, (uuid) => byId.has(uuid)),
  };
}

function vmsClosed(vms: VmsState, problem: Problem): VmsState {
  return vms.load.phase === "ready"
    ? { ...vms, lost: problem, seen: null }
    : { ...vms, load: { phase: "failed", problem }, seen: null };
}

function reduceVms(vms: VmsState, action: Action): VmsState {
  switch (action.type) {
    case "vms-opened":
      return { ...vms, seen: new Set() };
    case "vms-items":
      return vmItems(vms, action.items);
    case "vms-listed":
      return vmsListed(vms, action.unusedImages);
    case "vms-closed":
      return vmsClosed(vms, action.problem);
    case "vms-select":
      return { ...vms, selected: withMembers(vms.selected, action.uuids, action.selected) };
    case "vms-expand":
      return { ...vms, expanded: withMembers(vms.expanded, [action.uuid], action.expanded) };
    case "vms-search":
      return { ...vms, search: action.search, paging: { ...vms.paging, page: 1 } };
    case "vms-sort":
      return { ...vms, sort: action.sort };
    case "vms-paging":
      return { ...vms, paging: action.paging };
    default:
      return vms;
  }
}

function backupsClosed(backups: BackupsState, problem: Problem | null): BackupsState {
  if (problem !== null) {
    return { ...backups, load: { phase: "failed", problem }, incoming: null };
  }
  const list = backups.incoming ?? [];
  const ids = new Set(list.map(backupId));
  return {
    ...backups,
    load: { phase: "ready" },
    list,
    incoming: null,
    selected: keepOnly(backups.selected, (id) => ids.has(id)),
  };
}

function reduceBackups(backups: BackupsState, action: Action): BackupsState {
  switch (action.type) {
    case "backups-opened":
      return { ...backups, incoming: [] };
    case "backups-items":
      return { ...backups, incoming: [...(backups.incoming ?? []), ...action.items] };
    case "backups-closed":
      return backupsClosed(backups, action.problem);
    case "backups-select":
      return { ...backups, selected: withMembers(backups.selected, action.ids, action.selected) };
    case "backups-search":
      return { ...backups, search: action.search, paging: { ...backups.paging, page: 1 } };
    case "backups-expand":
      return { ...backups, expanded: withMembers(backups.expanded, [action.id], action.expanded) };
    case "backups-filter":
      return { ...backups, kind: action.kind, status: action.status, paging: { ...backups.paging, page: 1 } };
    case "backups-sort":
      return { ...backups, sort: action.sort };
    case "backups-paging":
      return { ...backups, paging: action.paging };
    default:
      return backups;
  }
}

/** A page that is left open through many nights shows the newest; all are in the history. */
const ENDED_MAX = 5;

/**
 * @param isHistory  what is over when it is first heard of was so before the page was open; else it was so
 *     short that nobody saw it at work
 */
function jobChanged(jobs: JobsState, job: Job, isHistory: boolean): JobsState {
  const before = jobs.byId.get(job.id);
  // The watch and whoever follows the job tell of it each in their own time: what is over stays over.
  if (before !== undefined && isOver(before) && !isOver(job)) {
    return jobs;
  }
  const endsNow = isOver(job) && (before === undefined ? !isHistory : !isOver(before));
  return {
    ...jobs,
    byId: new Map(jobs.byId).set(job.id, job),
    ended: endsNow ? [job.id, ...jobs.ended].slice(0, ENDED_MAX) : jobs.ended,
  };
}

function reduceJobs(jobs: JobsState, action: Action): JobsState {
  switch (action.type) {
    case "jobs-items":
      return action.items.reduce((known, job) => jobChanged(known, job, jobs.load.phase !== "ready"), jobs);
    case "jobs-listed":
      return { ...jobs, load: { phase: "ready" } };
    case "jobs-closed":
      return jobs.load.phase === "ready" ? jobs : { ...jobs, load: { phase: "failed", problem: action.problem } };
    case "job-changed":
      return jobChanged(jobs, action.job, false);
    case "job-put-away":
      return { ...jobs, ended: jobs.ended.filter((id) => id !== action.id) };
    default:
      return jobs;
  }
}

function reduceLog(log: LogState, action: Action): LogState {
  switch (action.type) {
    case "log-replay":
      return replayStarted(log, action.jobId);
    case "log-lines":
      return appendLines(log, action.lines);
    case "log-clear":
      return clearLog(log);
    default:
      return log;
  }
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "starting":
      return { ...state, starting: action.starting };
    case "dialog":
      return { ...state, dialog: action.dialog };
    case "notice": {
      // What has ended is not beginning any more.
      const others = state.notices.filter(
        ({ what }) => (!action.what.startsWith("export-") || what !== "export-started") && (action.what !== "settings-saved" || what !== action.what),
      );
      const notice = { id: state.noticeCount, what: action.what, op: action.op ?? null, problem: action.problem };
      return { ...state, notices: [...others, notice], noticeCount: state.noticeCount + 1 };
    }
    case "notice-put-away":
      return { ...state, notices: state.notices.filter(({ id }) => id !== action.id) };
    default:
      return {
        ...state,
        vms: reduceVms(state.vms, action),
        backups: reduceBackups(state.backups, action),
        jobs: reduceJobs(state.jobs, action),
        log: reduceLog(state.log, action),
      };
  }
}
