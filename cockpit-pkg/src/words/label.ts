export const LABEL_MAX_BYTES = 200;

/** A label that a person gives is one line of 1 to 200 bytes, as the helper has it. */
export function isLabel(label: string): boolean {
  return label.trim() !== "" && new TextEncoder().encode(label).length <= LABEL_MAX_BYTES;
}
