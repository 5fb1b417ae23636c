/* Times as a person chooses them, and as a timer takes them. Pure. */

export type Every = "day" | "week" | "month" | "other";

export interface When {
  every: Every;
  /** 0 is Sunday. */
  weekday: number;
  /** HH:MM */
  time: string;
  /** As OnCalendar takes it, where it is none of the others. */
  expression: string;
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export const DEFAULT_WHEN: When = { every: "day", weekday: 0, time: "02:00", expression: "" };

export function calendarOf({ every, weekday, time, expression }: When): string {
  switch (every) {
    case "day":
      return `*-*-* ${time}:00`;
    case "week":
      return `${WEEKDAYS[weekday] ?? "Sun"} *-*-* ${time}:00`;
    case "month":
      return `*-*-01 ${time}:00`;
    case "other":
      return expression.trim();
  }
}

/** What systemd itself writes in full. */
const SHORTHANDS: Record<string, string> = { daily: "*-*-* 00:00:00", weekly: "Mon *-*-* 00:00:00", monthly: "*-*-01 00:00:00" };

export function whenOf(said: string): When {
  const calendar = SHORTHANDS[said] ?? said;
  const match = /^(?:(Sun|Mon|Tue|Wed|Thu|Fri|Sat) )?\*-\*-(\*|01) (\d\d:\d\d)(?::00)?$/.exec(calendar);
  const [, day, date, time] = match ?? [];
  if (time === undefined || (day !== undefined && date === "01")) {
    return { ...DEFAULT_WHEN, every: "other", expression: calendar };
  }
  if (day !== undefined) {
    return { ...DEFAULT_WHEN, every: "week", weekday: WEEKDAYS.indexOf(day), time };
  }
  return { ...DEFAULT_WHEN, every: date === "01" ? "month" : "day", time };
}

export function isComplete(when: When): boolean {
  return when.every === "other" ? when.expression.trim() !== "" : /^\d\d:\d\d$/.test(when.time);
}
