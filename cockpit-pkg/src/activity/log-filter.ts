/* Which lines of the live log a person wants to see. Pure. */
import type { LogLine } from "../bridge/views";

export interface LogFilter {
  text: string;
  /** The least level. */
  level: string;
  /** "" for all. */
  project: string;
}

export const NO_FILTER: LogFilter = { text: "", level: "debug", project: "" };

export const LEVELS = ["debug", "info", "warning", "error"];

export function isFiltering({ text, level, project }: LogFilter): boolean {
  return text.trim() !== "" || level !== NO_FILTER.level || project !== "";
}

export function filterLines(lines: readonly LogLine[], { text, level, project }: LogFilter): LogLine[] {
  const wanted = text.trim().toLowerCase();
  const least = LEVELS.indexOf(level);
  return lines.filter((line) => {
    const rank = LEVELS.indexOf(line.level);
    return (
      (rank < 0 || rank >= least) &&
      (project === "" || line.project_id === project) &&
      (wanted === "" || line.message.toLowerCase().includes(wanted) || (line.error ?? "").toLowerCase().includes(wanted))
    );
  });
}

export interface Filtered {
  of: readonly LogLine[];
  filter: LogFilter;
  lines: readonly LogLine[];
}

/** As filterLines(), but lines that were looked at before are not looked at again. */
export function filterOn(before: Filtered | null, of: readonly LogLine[], filter: LogFilter): Filtered {
  if (before !== null && before.of === of && before.filter === filter) {
    return before;
  }
  if (!isFiltering(filter)) {
    return { of, filter, lines: of };
  }
  const known = before?.of.length ?? 0;
  const goesOn =
    before !== null && before.filter === filter && known > 0 && of.length >= known && of[0] === before.of[0] && of[known - 1] === before.of[known - 1];
  if (!goesOn) {
    return { of, filter, lines: filterLines(of, filter) };
  }
  const added = filterLines(of.slice(known), filter);
  return { of, filter, lines: added.length === 0 ? before.lines : before.lines.concat(added) };
}

/** As a file: one line each, as a terminal would show it. */
export function logText(lines: readonly LogLine[]): string {
  return lines
    .map(({ timestamp, level, project_id, message, error }) => {
      const more = error !== null && error !== undefined && error !== message ? ` (${error})` : "";
      return `${timestamp} ${level.padEnd(7)} ${project_id ?? "-"} ${message}${more}\n`;
    })
    .join("");
}

export function projectsOf(lines: readonly LogLine[]): string[] {
  const projects = new Set<string>();
  for (const { project_id } of lines) {
    if (project_id !== null) {
      projects.add(project_id);
    }
  }
  return [...projects].sort();
}
