import type { Timer } from "../src/state/batch";
import type { Frame, Helper, Listener, Operation, Problem } from "../src/bridge/channel";
import { isBackup, isJob, isLogLine, isVm, type Backup, type Job, type LogLine, type Vm } from "../src/bridge/views";
import { golden } from "./golden";

/** A clock that stands still until it is told to go on. */
export class FakeTimer implements Timer {
  #now = 0;
  #waiting: { at: number; callback: () => void }[] = [];

  after(milliseconds: number, callback: () => void): () => void {
    const entry = { at: this.#now + milliseconds, callback };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  go(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const next = this.#waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.#now = next.at;
      this.#waiting = this.#waiting.filter((entry) => entry !== next);
      next.callback();
    }
    this.#now = until;
  }
}

export class FakeChannel {
  open = true;

  constructor(
    readonly operation: Operation,
    readonly listener: Listener,
  ) {}

  send(kind: Frame["kind"], value: unknown): this {
    this.listener.frame({ kind, value });
    return this;
  }

  close(problem: string | null = null, message: string | null = null): void {
    this.open = false;
    this.listener.closed(problem === null ? null : { problem, message });
  }
}

/** Remembers what was opened; the test plays the helper. */
export class FakeHelper implements Helper {
  readonly channels: FakeChannel[] = [];
  readonly downloads: { operation: Operation; fileName: string; failed: (problem: Problem) => void }[] = [];

  open(operation: Operation, listener: Listener): () => void {
    const channel = new FakeChannel(operation, listener);
    this.channels.push(channel);
    return () => {
      channel.open = false;
    };
  }

  download(operation: Operation, fileName: string, failed: (problem: Problem) => void): void {
    this.downloads.push({ operation, fileName, failed });
  }

  /** The open channel of an operation; there must be just one. */
  only(op: string): FakeChannel {
    const found = this.channels.filter((channel) => channel.open && channel.operation.op === op);
    if (found.length !== 1 || found[0] === undefined) {
      throw new Error(`${found.length} channels of ${op} are open`);
    }
    return found[0];
  }

  count(op: string): number {
    return this.channels.filter((channel) => channel.operation.op === op).length;
  }
}

function checked<T>(guard: (value: unknown) => value is T, value: unknown): T {
  if (!guard(value)) {
    throw new Error("not a view");
  }
  return value;
}

export const aVm = (changes: Partial<Vm> = {}): Vm => ({ ...checked(isVm, golden("vm.json")), ...changes });
export const aJob = (changes: Partial<Job> = {}): Job => ({ ...checked(isJob, golden("job.json")), ...changes });
export const aBackup = (changes: Partial<Backup> = {}): Backup => ({
  ...checked(isBackup, golden("backup.json")),
  ...changes,
});
export const aLine = (changes: Partial<LogLine> = {}): LogLine => ({
  ...checked(isLogLine, golden("log-line.json")),
  ...changes,
});
export const result = golden("vm-backup-result.json") as Record<string, unknown>;
