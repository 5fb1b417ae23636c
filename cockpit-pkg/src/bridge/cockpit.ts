/*
 * The part of Cockpit's own library (../base1/cockpit.js, there at run time) that the page uses.
 */

export interface CockpitChannel {
  readonly id: string;
  addEventListener(name: "message", listener: (event: Event, data: string) => void): void;
  addEventListener(name: "ready" | "close", listener: (event: Event, options: object) => void): void;
  close(options?: string | object): void;
}

export interface CockpitLocation {
  readonly path: string[];
  readonly options: Record<string, string | string[]>;
  go(path: string[], options?: Record<string, string>): void;
  replace(path: string[], options?: Record<string, string>): void;
  encode(path: string[], options?: Record<string, string>, withRoot?: boolean): string;
}

export interface CockpitPermission {
  /** null: not known yet. */
  readonly allowed: boolean | null;
  addEventListener(name: "changed", listener: () => void): void;
}

interface CockpitProcess extends PromiseLike<string> {
  input(data: string): CockpitProcess;
}

interface SpawnOptions {
  superuser?: "require" | "try";
  err?: "message";
  environ?: string[];
}

interface Cockpit {
  readonly manifests?: Record<string, { bridges?: { spawn?: string[] }[] }>;
  readonly language: string;
  readonly language_direction?: string;
  readonly location: CockpitLocation;
  readonly hidden: boolean;
  readonly transport: {
    readonly csrf_token: string;
    readonly host?: string | null;
    wait(callback: () => void): void;
    uri(suffix?: string): string;
  };
  channel(options: Record<string, unknown>): CockpitChannel;
  permission(options: { admin: true }): CockpitPermission;
  spawn(words: string[], options: SpawnOptions): CockpitProcess;
  user(): PromiseLike<{ id: number }>;
  gettext(text: string): string;
  ngettext(one: string, many: string, count: number): string;
  format(template: string, ...values: (string | number)[]): string;
  addEventListener(name: string, listener: () => void): void;
  removeEventListener(name: string, listener: () => void): void;
}

declare global {
  interface Window {
    cockpit?: Cockpit;
  }
}

/** Where there is no Cockpit (unit tests), texts stay as they are. */
const plain: Pick<Cockpit, "language" | "gettext" | "ngettext" | "format"> = {
  language: "en",
  gettext: (text) => text,
  ngettext: (one, many, count) => (count === 1 ? one : many),
  format: (template, ...values) =>
    template.replace(/\$(\d+)/g, (_match, index: string) => String(values[Number(index)] ?? "")),
};

export const cockpit: Cockpit =
  (globalThis as unknown as { cockpit?: Cockpit }).cockpit ?? (plain as Cockpit);

export const _ = (text: string): string => cockpit.gettext(text);
export const ngettext = (one: string, many: string, count: number): string =>
  cockpit.ngettext(one, many, count);
export const format = (template: string, ...values: (string | number)[]): string =>
  cockpit.format(template, ...values);

/** What access.ts needs of Cockpit; tests have their own. */
export interface Privileges {
  user(): Promise<{ id: number }>;
  permission(options: { admin: true }): CockpitPermission;
  spawn(words: string[], options: SpawnOptions, input: string): Promise<string>;
}

/* Cockpit's promises have less than a Promise. */
export const cockpitPrivileges: Privileges = {
  user: () =>
    new Promise((resolve, reject) => {
      cockpit.user().then(resolve, reject);
    }),
  permission: (options) => cockpit.permission(options),
  spawn: (words, options, input) =>
    new Promise((resolve, reject) => {
      /* What it says when it fails is shown. */
      const environ = [`LANGUAGE=${cockpit.language || "en"}`];
      cockpit.spawn(words, { ...options, environ }).input(input).then(resolve, reject);
    }),
};

/** The helper as Cockpit starts it: this package's manifest says where it is. */
export function helperProgram(): string {
  return cockpit.manifests?.backup?.bridges?.[0]?.spawn?.[0] ?? "cockpit-backup";
}
