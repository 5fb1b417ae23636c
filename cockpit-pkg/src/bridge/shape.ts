/*
 * Shapes of JSON values: a guard and its type from one declaration. Members that a shape does not
 * name are let through, so that the helper may say more than this page knows.
 */

export type Guard<T> = (value: unknown) => value is T;
export type Shaped<G> = G extends Guard<infer T> ? T : never;

export const isString: Guard<string> = (value): value is string => typeof value === "string";
export const isBoolean: Guard<boolean> = (value): value is boolean => typeof value === "boolean";
export const isNumber: Guard<number> = (value): value is number =>
  typeof value === "number" && Number.isFinite(value);
export const isRecord: Guard<Record<string, unknown>> = (value): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isList: Guard<unknown[]> = (value): value is unknown[] => Array.isArray(value);

/** Where nothing is expected. */
export const isNothing = (() => false) as unknown as Guard<never>;

export function literal<const T extends boolean>(wanted: T): Guard<T> {
  return (value): value is T => value === wanted;
}

export function nullable<T>(guard: Guard<T>): Guard<T | null> {
  return (value): value is T | null => value === null || guard(value);
}

export function optional<T>(guard: Guard<T>): Guard<T | undefined> {
  return (value): value is T | undefined => value === undefined || guard(value);
}

export function listOf<T>(guard: Guard<T>): Guard<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(guard);
}

export function shape<M extends Record<string, Guard<unknown>>>(
  members: M,
): Guard<{ [K in keyof M]: Shaped<M[K]> }> {
  const entries = Object.entries(members);
  return (value): value is { [K in keyof M]: Shaped<M[K]> } =>
    isRecord(value) && entries.every(([name, guard]) => guard(value[name]));
}
