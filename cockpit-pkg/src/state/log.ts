/*
 * The live log: the lines of every job that is followed, oldest first.
 *
 * Following a job again (the page was reopened, the connection came back) sends its log from the
 * beginning: the lines known of it give way to those, less what a person had cleared.
 */
import type { LogLine } from "../bridge/views";

export interface LogState {
  lines: readonly LogLine[];
  /** How many lines of each job came since its log was last sent from the beginning. */
  received: ReadonlyMap<string, number>;
  /** How many of those a person has cleared away: they do not come back. */
  cleared: ReadonlyMap<string, number>;
}

/** Beyond this the oldest lines go: the log file has them all. */
export const LOG_LINES_MAX = 200_000;

export const emptyLog: LogState = { lines: [], received: new Map(), cleared: new Map() };

export function replayStarted(log: LogState, jobId: string): LogState {
  return {
    ...log,
    lines: log.lines.filter((line) => line.job_id !== jobId),
    received: new Map(log.received).set(jobId, 0),
  };
}

/** Two ordered lists in one; on equal times what was there first stays first. */
function merge(known: readonly LogLine[], added: readonly LogLine[]): LogLine[] {
  const merged: LogLine[] = [];
  let next = 0;
  for (const line of known) {
    for (let other = added[next]; other !== undefined && other.timestamp < line.timestamp; other = added[next]) {
      merged.push(other);
      next++;
    }
    merged.push(line);
  }
  return merged.concat(added.slice(next));
}

export function appendLines(log: LogState, lines: readonly LogLine[]): LogState {
  const received = new Map(log.received);
  const added = lines.filter((line) => {
    const job = line.job_id ?? "";
    const count = (received.get(job) ?? 0) + 1;
    received.set(job, count);
    return count > (log.cleared.get(job) ?? 0);
  });
  const first = added[0];
  const last = log.lines[log.lines.length - 1];
  if (first === undefined) {
    return { ...log, received };
  }
  const inOrder = last === undefined || last.timestamp <= first.timestamp;
  const all = inOrder ? log.lines.concat(added) : merge(log.lines, added);
  return { ...log, received, lines: all.length > LOG_LINES_MAX ? all.slice(-LOG_LINES_MAX) : all };
}

export function clearLog(log: LogState): LogState {
  return { ...log, lines: [], cleared: new Map(log.received) };
}
