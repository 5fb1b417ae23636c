/* What a person asks of a restore, as the parameters of vm.restore. Pure. */
import type { VmRestorePlan } from "../bridge/views";

export type RestoreMode = "new" | "directory" | "in-place";

/** Where libvirt's own tools put images, and vm.restore when nothing else is said. */
export const IMAGES_DIRECTORY = "/var/lib/libvirt/images";

export interface RestoreForm {
  mode: RestoreMode;
  name: string;
  images: string;
  directory: string;
  overwrite: boolean;
}

/** A name that no machine has: web1-restored, web1-restored-2… */
export function freeName(vm: string, taken: ReadonlySet<string>): string {
  const wanted = `${vm}-restored`;
  for (let count = 1; ; count++) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if (!taken.has(name)) {
      return name;
    }
  }
}

export function restoreArgs(id: string, { mode, name, images, directory, overwrite }: RestoreForm): Record<string, unknown> {
  switch (mode) {
    case "new":
      return { id, as: name.trim(), directory: images.trim(), ...(overwrite && { overwrite }) };
    case "directory":
      return { id, directory: directory.trim(), ...(overwrite && { overwrite }) };
    case "in-place":
      return { id, in_place: true };
  }
}

/** What is wrong with one field, by the helper's plan; null is what no field is about. */
export function obstacleAt(plan: VmRestorePlan | null, field: string | null): string | null {
  const messages = plan?.obstacles.filter((obstacle) => obstacle.field === field).map(({ message }) => message) ?? [];
  return messages.length === 0 ? null : messages.join(" ");
}
