import type { Vm } from "../bridge/views";

/**
 * A machine as it would be with the options of one run. A standalone copy leaves its cycle as it is;
 * else, with another number of incrementals, the rule of a cycle is the helper's
 * (no cycle: base; fewer incrementals than that: one more; as many: consolidation), and the helper
 * decides again when it starts.
 */
export function planned(vm: Vm, maxIncrementals: number | null, standalone = false): Vm {
  if (standalone) {
    return { ...vm, next_step: "standalone" };
  }
  if (maxIncrementals === null || Number.isNaN(maxIncrementals) || maxIncrementals === vm.max_incrementals) {
    return vm;
  }
  if (vm.next_step === "base") {
    return { ...vm, max_incrementals: maxIncrementals };
  }
  return {
    ...vm,
    max_incrementals: maxIncrementals,
    next_step: vm.incrementals_count < maxIncrementals ? "incremental" : "consolidation",
  };
}
