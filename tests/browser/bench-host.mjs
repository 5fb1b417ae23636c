/* What the bench's helper says: golden views, as many of them as the page must bear. */
import { golden, logLines, wholeHost } from "./scenario.mjs";

export const VMS = 1000;
export const BACKUPS = 10_000;
export const LINES = 200_000;
export const FILES = 1_000_000;

/** A host of 1,000 machines with 10,000 backups and a directory of a million files, where no log line has come yet. */
export function largeHost() {
  const host = wholeHost();
  const [, vm] = host["vm.list"].items;
  const [, , , backup] = host["backup.list"].items;
  const trees = host["backup.list"].items.filter(({ project_id }) => project_id.startsWith("tree/"));
  host["vm.list"].items = Array.from({ length: VMS }, (_unused, index) => ({ ...vm, name: `vm${index}`, uuid: `uuid-${index}` }));
  host["backup.list"].items = trees.concat(
    Array.from({ length: BACKUPS }, (_unused, index) => ({
      ...backup,
      project_id: `vm/vm${index % VMS}`,
      id: `vm${index % VMS}-Base-${20200000 + index}_020000`,
    })),
  );
  host["job.follow"] = { ...host["job.follow"], log: [] };
  host["tree.browse"] = {
    items: Array.from({ length: 500 }, (_unused, index) => ({ ...golden("tree-entry.json"), name: `file-${index}` })),
    result: { ...golden("tree-browse-result.json"), count: FILES, entries_count: FILES },
  };
  return host;
}

/** The same, whose running job has written 200,000 lines: they come all at once, as after a lost connection. */
export function talkativeHost() {
  const host = largeHost();
  return { ...host, "job.follow": { ...host["job.follow"], logRepeat: { count: LINES, line: logLines(1)[0] } } };
}
