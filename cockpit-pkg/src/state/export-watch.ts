/*
 * How an export ended. The browser sees only that bytes stop coming; the helper's log says whether
 * they were all, under the name that the page gave the export.
 */
import type { Close, Helper, Problem } from "../bridge/channel";
import { isLogLine } from "../bridge/views";

/** So much of the log is looked through for one that ended before the watch began. */
const LINES_MAX = 20;

/** Tells the end once, null if it is good; nothing when it is not to be learnt. */
export function watchExport(helper: Helper, name: string, ended: (problem: Problem | null) => void): Close {
  let over = false;
  const close = helper.open(
    { op: "log.follow", args: { text: name, limit: LINES_MAX } },
    {
      frame({ kind, value }) {
        if (over || kind !== "log" || !isLogLine(value) || value.action !== "backup.export" || !value.message.includes(name)) {
          return;
        }
        over = true;
        close();
        ended(value.status === "ok" ? null : { problem: value.error ?? "internal-error", message: value.message });
      },
      closed: () => undefined,
    },
  );
  return close;
}
