/* The options of one run: what a person has set, whether it can be, and what is sent of it. */
import type { Disk, Vm } from "../bridge/views";
import type { BackUpOptions } from "../state/session";
import { isLabel } from "../words/label";

export const MAX_INCREMENTALS_MAX = 255;
export const LIMIT_MIB_MAX = 1_000_000;

export interface BackUpForm {
  kind: "cycle" | "standalone" | "pin";
  /** As typed; empty is as usual. */
  maxIncrementals: string;
  label: string;
  limit: string;
  merge: "" | "auto" | "in-place" | "copy";
  compress: "" | "none" | "zstd";
  verify: boolean;
  quiesce: boolean;
  excluded: readonly string[];
}

export const emptyForm: BackUpForm = {
  kind: "cycle",
  maxIncrementals: "",
  label: "",
  limit: "",
  merge: "",
  compress: "",
  verify: false,
  quiesce: true,
  excluded: [],
};

export interface Wrong {
  maxIncrementals: boolean;
  limit: boolean;
  label: boolean;
  excluded: boolean;
}

function isWhole(text: string, max: number): boolean {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 && value <= max;
}

/** The disks that a backup would take, over all machines: target and whose it is. */
export function backedUpDisks(vms: readonly Vm[]): { target: string; disks: { vm: Vm; disk: Disk }[] }[] {
  const byTarget = new Map<string, { vm: Vm; disk: Disk }[]>();
  for (const vm of vms) {
    for (const disk of vm.disks.filter(({ backup }) => backup !== "none")) {
      byTarget.set(disk.target, [...(byTarget.get(disk.target) ?? []), { vm, disk }]);
    }
  }
  return [...byTarget].sort(([a], [b]) => (a < b ? -1 : 1)).map(([target, disks]) => ({ target, disks }));
}

export function checkForm(form: BackUpForm, vms: readonly Vm[]): Wrong {
  const left = (vm: Vm) => vm.disks.some(({ target, backup }) => backup !== "none" && !form.excluded.includes(target));
  return {
    maxIncrementals: form.kind === "cycle" && form.maxIncrementals !== "" && !isWhole(form.maxIncrementals, MAX_INCREMENTALS_MAX),
    limit: form.limit !== "" && !isWhole(form.limit, LIMIT_MIB_MAX),
    label: form.kind === "pin" && !isLabel(form.label),
    excluded: form.excluded.length > 0 && !vms.every(left),
  };
}

export function isGood(wrong: Wrong): boolean {
  return !Object.values(wrong).some(Boolean);
}

/** Only what is not as usual is said; what has no effect on this kind of run is not. */
export function optionsOf(form: BackUpForm): BackUpOptions {
  const inCycle = form.kind === "cycle";
  return {
    ...(inCycle && form.maxIncrementals !== "" && { max_incrementals: Number(form.maxIncrementals) }),
    ...(form.kind === "standalone" && { standalone: true as const }),
    ...(form.kind === "pin" && { pin: form.label.trim() }),
    ...(form.limit !== "" && { limit_mib: Number(form.limit) }),
    ...(inCycle && form.merge !== "" && { merge: form.merge }),
    ...(inCycle && form.compress !== "" && { compress: form.compress }),
    ...(form.verify && { verify: true as const }),
    ...(!form.quiesce && { quiesce: false as const }),
    ...(form.excluded.length > 0 && { exclude_disk: [...form.excluded] }),
  };
}
