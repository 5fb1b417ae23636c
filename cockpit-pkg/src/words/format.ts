/* Sizes, times and numbers, as the person's language writes them. */
import { _, cockpit, format, ngettext } from "../bridge/cockpit";

/** Cockpit writes pt_BR where Intl wants pt-BR. */
function language(): string {
  return (cockpit.language || "en").replace(/_/g, "-");
}

const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function kept<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  name: string,
  make: (locale: string) => T,
): T {
  const locale = language();
  const key = `${locale} ${name}`;
  const known = formatters.get(key);
  if (known !== undefined) {
    return known as T;
  }
  const made = make(locale);
  formatters.set(key, made);
  return made;
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

export function bytes(count: number): string {
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const name = UNITS[unit] ?? "byte";
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return kept(`${name} ${digits}`, (locale) => {
    return new Intl.NumberFormat(locale, {
      style: "unit",
      unit: name,
      unitDisplay: unit === 0 ? "long" : "short",
      maximumFractionDigits: digits,
    });
  }).format(value);
}

export function rate(bytesPerSecond: number): string {
  return format(_("$0/s"), bytes(bytesPerSecond));
}

export function number(count: number): string {
  return kept("number", (locale) => new Intl.NumberFormat(locale)).format(count);
}

export function percent(part: number, whole: number): string {
  const share = whole > 0 ? Math.min(1, part / whole) : 0;
  return kept("percent", (locale) => new Intl.NumberFormat(locale, { style: "percent" })).format(share);
}

export function duration(seconds: number): string {
  if (seconds < 1) {
    return _("less than a second");
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return format(ngettext("$0 second", "$0 seconds", whole), whole);
  }
  const minutes = Math.round(whole / 60);
  if (minutes < 60) {
    return format(ngettext("$0 minute", "$0 minutes", minutes), minutes);
  }
  const hours = Math.floor(minutes / 60);
  return format(_("$0 h $1 min"), hours, minutes % 60);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["week", 7 * 86_400],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 hours ago" */
export function age(timestamp: string, now: Date): string {
  const seconds = (new Date(timestamp).getTime() - now.getTime()) / 1000;
  if (!Number.isFinite(seconds)) {
    return "";
  }
  const formatter = kept("age", (locale) => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  const step = STEPS.find(([, length]) => Math.abs(seconds) >= length);
  return step === undefined ? _("just now") : formatter.format(Math.trunc(seconds / step[1]), step[0]);
}

function dateTime(timestamp: string, name: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime())
    ? timestamp
    : kept(name, (locale) => new Intl.DateTimeFormat(locale, options)).format(date);
}

/** A moment, to the minute. */
export function moment(timestamp: string): string {
  return dateTime(timestamp, "moment", { dateStyle: "medium", timeStyle: "short" });
}

/** The same to the second, where the order of things matters. */
export function exactMoment(timestamp: string): string {
  return dateTime(timestamp, "exact", { dateStyle: "medium", timeStyle: "medium" });
}

/** A day, as short as it can be told from others. */
export function day(timestamp: string): string {
  return dateTime(timestamp, "day", { dateStyle: "medium" });
}

/** A day as it is written in a name, in UTC. */
export function utcDay(timestamp: string): string {
  return dateTime(timestamp, "utc-day", { dateStyle: "medium", timeZone: "UTC" });
}

/** The time of a log line, to the second. */
export function clockTime(timestamp: string): string {
  return dateTime(timestamp, "clock", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}

/** 0 is Sunday. */
export function weekdayName(day: number): string {
  // 2023-01-01 was a Sunday.
  return dateTime(new Date(Date.UTC(2023, 0, 1 + day)).toISOString(), "weekday", { weekday: "long", timeZone: "UTC" });
}

export function list(words: readonly string[]): string {
  return new Intl.ListFormat(language(), { type: "conjunction" }).format(words);
}
