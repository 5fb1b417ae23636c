/* The program from the shell, on a bed's own repository: what a test needs to be there before it looks. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { helperBinary } from "./bed.mjs";

const run = promisify(execFile);

export async function cockpitBackup(bed, ...args) {
  const { stdout } = await run(helperBinary(), args, { env: bed.env });
  return stdout;
}

/** The ids of a machine's backups, by name. */
export function backupsOf(bed, vm) {
  return readdirSync(join(bed.config.repository_dir, "vm", vm.name)).filter((name) => name.startsWith(`${vm.name}-`)).sort();
}
