/* The JSON views of file trees; see views.ts. */
import { type Shaped, isBoolean, isNumber, isString, listOf, nullable, optional, shape } from "./shape";

export const isTreeTask = shape({
  name: isString,
  project_id: isString,
  sources: listOf(isString),
  excludes: listOf(isString),
  schedule: nullable(isString),
  storage: isString,
  type: isString,
  base_dir: nullable(isString),
  compression: isString,
  full_interval_days: isNumber,
  keep_count: isNumber,
});
export type TreeTask = Shaped<typeof isTreeTask>;

export const isTreeEntry = shape({
  name: isString,
  path: isString,
  path_base64: optional(isString),
  type: isString,
  size_bytes: isNumber,
  entries_count: nullable(isNumber),
  mode: nullable(isString),
  mtime: nullable(isString),
  origin: nullable(isNumber),
});
export type TreeEntry = Shaped<typeof isTreeEntry>;

export const isTreeBrowsed = shape({
  project_id: isString,
  backup_id: isString,
  generation: isString,
  created_at: nullable(isString),
  path: isString,
  offset: isNumber,
  count: isNumber,
  count_is_complete: isBoolean,
  entries_count: isNumber,
});
export type TreeBrowsed = Shaped<typeof isTreeBrowsed>;

/** What tree.restore with `plan` says. */
export const isTreeRestorePlan = shape({
  backup_id: isString,
  target: nullable(isString),
  entries_count: isNumber,
  files_count: isNumber,
  size_bytes: isNumber,
  plan: isBoolean,
  extra_count: isNumber,
});
export type TreeRestorePlan = Shaped<typeof isTreeRestorePlan>;

export const isCounted = shape({ count: isNumber });
