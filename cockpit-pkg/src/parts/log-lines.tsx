import type { LogLine } from "../bridge/views";
import { clockTime, moment } from "../words/format";
import { logLevel } from "../words/texts";

/** What stands in one line: when, how serious, and what. */
export function LineParts({ line }: { line: LogLine }) {
  return (
    <>
      <time dateTime={line.timestamp} title={moment(line.timestamp)}>
        {clockTime(line.timestamp)}
      </time>
      <span className="backup-log-level">{logLevel(line.level)}</span>
      <span className="backup-log-text">
        {line.message}
        {line.error !== null && line.error !== undefined && line.error !== line.message ? ` (${line.error})` : ""}
      </span>
    </>
  );
}

/** Lines of a log that is over: it can be scrolled, and nothing is added. */
export function LogLines({ lines, label }: { lines: readonly LogLine[]; label: string }) {
  return (
    <div className="backup-log backup-log-still" role="region" aria-label={label} tabIndex={0}>
      {lines.map((line, index) => (
        <div key={index} className={`backup-log-line backup-log-${line.level}`}>
          <LineParts line={line} />
        </div>
      ))}
    </div>
  );
}
