/* What is being saved of the settings, and why what was not taken was not: several can be at once. Pure. */
import type { Settings } from "../bridge/settings-views";

export interface Saving {
  /** Keys whose answer is awaited. */
  pending: ReadonlySet<string>;
  /** By key: what stood against its last value. */
  wrong: Readonly<Record<string, string>>;
}

export const NOTHING_SAVED: Saving = { pending: new Set(), wrong: {} };

export function saveBegins({ pending, wrong }: Saving, key: string): Saving {
  return { pending: new Set(pending).add(key), wrong };
}

/** @param why  null: it was taken */
export function saveEnds({ pending, wrong }: Saving, key: string, why: string | null): Saving {
  const others = Object.fromEntries(Object.entries(wrong).filter(([name]) => name !== key));
  return {
    pending: new Set([...pending].filter((name) => name !== key)),
    wrong: why === null ? others : { ...others, [key]: why },
  };
}

/**
 * The settings after one was saved. Of the others its answer may know less than one that came before it:
 * two that are saved at the same time are answered in either order.
 */
export function withSaved(known: Settings, key: keyof Settings, answered: Settings): Settings {
  const { repository_free_bytes, repository_total_bytes } = answered;
  return { ...known, [key]: answered[key], repository_free_bytes, repository_total_bytes };
}
