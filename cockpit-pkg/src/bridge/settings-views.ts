/* The JSON views of settings and schedules; see views.ts. */
import { type Shaped, isBoolean, isNumber, isString, nullable, optional, shape } from "./shape";

export const isSettings = shape({
  repository_dir: isString,
  log_dir: isString,
  max_incrementals: isNumber,
  retention_days: isNumber,
  log_retention_days: isNumber,
  merge_mode: isString,
  compression: isString,
  verify: isString,
  log_level: isString,
  config_path: isString,
  repository_free_bytes: optional(isNumber),
  repository_total_bytes: optional(isNumber),
});
export type Settings = Shaped<typeof isSettings>;

export const isSchedule = shape({
  what: isString,
  schedule: isString,
  calendar: nullable(isString),
  command: nullable(isString),
  unit: nullable(isString),
  active: isBoolean,
  next_at: nullable(isString),
  problem: nullable(isString),
});
export type Schedule = Shaped<typeof isSchedule>;

export const isScheduleResult = shape({ count: isNumber, systemd: isBoolean });
