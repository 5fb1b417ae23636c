/*
 * Where the person is in the listings: what is chosen, searched for, sorted by. Some versions of
 * Cockpit load the page anew when administrative access comes or goes; this is kept for as long as
 * the browser's tab.
 */
import { type Guard, isBoolean, isNumber, isString, listOf, shape } from "../bridge/shape";
import type { Action, BackupSort, State, VmSort } from "./state";
import type { Store } from "./store";

const KEY = "cockpit-backup:place";

function oneOf<const T extends string>(words: readonly T[]): Guard<T> {
  return (value): value is T => words.some((word) => word === value);
}

const isPaging = shape({ page: isNumber, perPage: isNumber });
const isVmSort: Guard<VmSort> = oneOf(["name", "state", "size", "last-backup", "next-step"]);
const isBackupSort: Guard<BackupSort> = oneOf(["name", "type", "status", "created", "size"]);

const isPlace = shape({
  vms: shape({
    selected: listOf(isString),
    expanded: listOf(isString),
    search: isString,
    sort: shape({ by: isVmSort, descending: isBoolean }),
    paging: isPaging,
  }),
  backups: shape({
    selected: listOf(isString),
    expanded: listOf(isString),
    search: isString,
    kind: isString,
    status: isString,
    sort: shape({ by: isBackupSort, descending: isBoolean }),
    paging: isPaging,
  }),
});

export function placeText({ vms, backups }: State): string {
  const { search, sort, paging } = vms;
  return JSON.stringify({
    vms: { search, sort, paging, selected: [...vms.selected], expanded: [...vms.expanded] },
    backups: {
      search: backups.search,
      kind: backups.kind,
      status: backups.status,
      sort: backups.sort,
      paging: backups.paging,
      selected: [...backups.selected],
      expanded: [...backups.expanded],
    },
  });
}

/** What brings an empty page to that place; nothing for a text that is none. */
export function actionsOfPlace(text: string | null): Action[] {
  let place: unknown = null;
  try {
    place = JSON.parse(text ?? "null");
  } catch {
    return [];
  }
  if (!isPlace(place)) {
    return [];
  }
  const { vms, backups } = place;
  return [
    { type: "vms-search", search: vms.search },
    { type: "vms-sort", sort: vms.sort },
    { type: "vms-paging", paging: vms.paging },
    { type: "vms-select", uuids: vms.selected, selected: true },
    ...vms.expanded.map((uuid): Action => ({ type: "vms-expand", uuid, expanded: true })),
    { type: "backups-search", search: backups.search },
    { type: "backups-filter", kind: backups.kind, status: backups.status },
    { type: "backups-sort", sort: backups.sort },
    { type: "backups-paging", paging: backups.paging },
    { type: "backups-select", ids: backups.selected, selected: true },
    ...backups.expanded.map((id): Action => ({ type: "backups-expand", id, expanded: true })),
  ];
}

export interface Memory {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
}

export function recallPlace(store: Store, memory: Memory): void {
  actionsOfPlace(memory.getItem(KEY)).forEach(store.dispatch);
}

export function rememberPlace(store: Store, memory: Memory): void {
  memory.setItem(KEY, placeText(store.get()));
}
