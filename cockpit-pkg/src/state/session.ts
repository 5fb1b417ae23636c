/*
 * What the page does with the helper: watches the machines, lists backups and jobs, follows every
 * running job, and starts what a person asks for. It opens anew whatever was lost, and turns all
 * that comes into actions of the one reducer.
 */
import { type Answer, type Expected, ask } from "../bridge/ask";
import type { Close, Frame, Helper, Operation, Problem } from "../bridge/channel";
import type { Guard } from "../bridge/shape";
import {
  type Job,
  type LogLine,
  isBackup,
  isCountResult,
  isJob,
  isLogLine,
  isVm,
  isVmListResult,
  isVmRemoved,
  type Vm,
  type VmRemoved,
} from "../bridge/views";
import { type Batch, type Timer, batch } from "./batch";
import { watchExport } from "./export-watch";
import { type NoticeWhat, isOver } from "./state";
import type { Store } from "./store";
import { ENDED_EARLY, WRONG_FRAME, watch } from "./watch";

/** Parameters of vm.backup that a person may set for one run; what is absent is as usual. */
export interface BackUpOptions {
  max_incrementals?: number;
  standalone?: true;
  pin?: string;
  exclude_disk?: string[];
  quiesce?: false;
  verify?: true;
  limit_mib?: number;
  merge?: string;
  compress?: string;
}

export interface Session {
  backUp: (names: readonly string[], options: BackUpOptions) => void;
  /** Starts an operation that is a job, and follows it. */
  start: (operation: Operation) => void;
  /** Asks for something that changes nothing; the answer comes once. */
  ask: <R, I = never>(operation: Operation, expected: Expected<R, I>, answered: (answer: Answer<R, I>) => void) => Close;
  cancelJob: (id: string) => void;
  /** Hands a person the bytes that an operation makes, as a file of that name. */
  download: (operation: Operation, fileName: string) => void;
  exportBackups: (ids: readonly string[]) => void;
  refreshBackups: () => void;
  /** Opens at once whatever is lost. */
  retry: () => void;
  /** Opens everything anew: what was closed in the meantime may have changed. */
  restart: () => void;
  stop: () => void;
}

export interface Surroundings {
  helper: Helper;
  timer: Timer;
  now: () => Date;
  /** The machines are what is looked at: the list of backups, which is far longer, waits for theirs. */
  machinesFirst?: boolean;
}

/** So long it waits at most. */
const BACKUPS_WAIT_MS = 1000;
const RETRY_DELAYS_MS = [1000, 2000, 5000, 10_000];
/** What does not change by itself within seconds is asked for less often. */
const SLOW_PROBLEMS = new Set(["not-supported", "access-denied", "protocol-error"]);
const SLOW_RETRY_MS = 30_000;

export function retryDelay(problem: Problem, attempt: number): number {
  const last = RETRY_DELAYS_MS.length - 1;
  return SLOW_PROBLEMS.has(problem.problem)
    ? SLOW_RETRY_MS
    : (RETRY_DELAYS_MS[Math.min(attempt, last)] ?? SLOW_RETRY_MS);
}

/** The name under which an export is saved, after the time it was asked for in UTC. */
export function exportFileName(now: Date): string {
  return `backups-export-${now.toISOString().slice(0, 19).replace(/:/g, "-")}.tar.gz`;
}

export function startSession(store: Store, { helper, timer, now, machinesFirst = false }: Surroundings): Session {
  const { dispatch } = store;
  const following = new Map<string, Close>();
  /** Exports whose end is waited for. */
  const watches = new Set<Close>();
  let stopped = false;

  /* One operation that is kept open, or asked for again after it has failed. */
  function keep(run: (over: (problem: Problem | null) => void) => Close) {
    let close: Close | null = null;
    let cancelTimer: (() => void) | null = null;
    let attempt = 0;

    function start() {
      cancelTimer?.();
      cancelTimer = null;
      close?.();
      close = run((problem) => {
        close = null;
        if (problem !== null && !stopped) {
          cancelTimer = timer.after(retryDelay(problem, attempt++), start);
        }
      });
    }

    return {
      start,
      /** It answered: the next failure is a new one. */
      answered: () => (attempt = 0),
      retryNow: () => cancelTimer !== null && start(),
      stop() {
        cancelTimer?.();
        close?.();
        close = null;
      },
    };
  }

  /* Opens a listing whose items all are of one kind. */
  function list<T>(operation: Operation, isItem: Guard<T>, items: Batch<T>, ended: (problem: Problem | null) => void) {
    const close = helper.open(operation, {
      frame({ kind, value }) {
        if (kind !== "item") {
          return;
        }
        if (isItem(value)) {
          items.add(value);
        } else {
          close();
          items.drop();
          ended(WRONG_FRAME);
        }
      },
      closed(problem) {
        items.flush();
        ended(problem);
      },
    });
    return close;
  }

  const machines = keep((over) => {
    dispatch({ type: "vms-opened" });
    return watch(helper, timer, { op: "vm.list", args: { watch: true } }, {
      isItem: (item): item is Vm | VmRemoved => isVm(item) || isVmRemoved(item),
      isResult: isVmListResult,
      items(gathered) {
        dispatch({ type: "vms-items", items: gathered });
        gathered.forEach((item) => "job_id" in item && item.job_id !== null && follow(item.job_id));
      },
      listed({ unused_images: unusedImages }) {
        dispatch({ type: "vms-listed", unusedImages });
        machines.answered();
        startBackups();
      },
      lost(problem) {
        dispatch({ type: "vms-closed", problem });
        over(problem);
        startBackups();
      },
    });
  });

  const backups = keep((over) => {
    const items = batch(timer, (gathered: readonly unknown[]) =>
      dispatch({ type: "backups-items", items: gathered.filter(isBackup) }),
    );
    dispatch({ type: "backups-opened" });
    return list({ op: "backup.list", args: {} }, isBackup, items, (problem) => {
      dispatch({ type: "backups-closed", problem });
      if (problem === null) {
        backups.answered();
      }
      over(problem);
    });
  });

  const isKnownOver = (id: string) => {
    const job = store.get().jobs.byId.get(id);
    return job !== undefined && isOver(job);
  };

  /* Timers, terminals and other pages start jobs too. */
  const jobs = keep((over) => {
    let listed = false;
    return watch(helper, timer, { op: "job.list", args: { watch: true } }, {
      isItem: isJob,
      isResult: isCountResult,
      items(gathered) {
        const news = gathered.filter(({ id }) => !isKnownOver(id));
        news.filter((job) => !isOver(job)).forEach(({ id }) => follow(id));
        dispatch({ type: "jobs-items", items: gathered });
        // What ended before it could be followed has changed the listings all the same.
        if (listed && news.some((job) => isOver(job) && !following.has(job.id))) {
          jobEnded();
        }
      },
      listed() {
        listed = true;
        dispatch({ type: "jobs-listed" });
        jobs.answered();
      },
      lost(problem) {
        dispatch({ type: "jobs-closed", problem });
        over(problem);
      },
    });
  });

  /*
   * Follows one job, which is known by its id or about to be started by this very operation. Its
   * log comes from the beginning each time.
   */
  function openJob(operation: Operation, knownId: string | null, failed: (id: string | null, problem: Problem) => void) {
    let id = knownId;
    let over = false;
    const lines = batch(timer, (gathered: readonly LogLine[]) => dispatch({ type: "log-lines", lines: gathered }));

    function begins(jobId: string) {
      id = jobId;
      following.get(jobId)?.();
      following.set(jobId, stop);
      dispatch({ type: "starting", starting: false });
      dispatch({ type: "log-replay", jobId });
    }

    function jobFrame(job: Job) {
      if (id === null) {
        begins(job.id);
      }
      if (isOver(job)) {
        over = true;
        lines.flush();
      }
      dispatch({ type: "job-changed", job });
    }

    function frame({ kind, value }: Frame) {
      if ((kind === "progress" || kind === "result") && isJob(value)) {
        jobFrame(value);
      } else if (kind === "log" && isLogLine(value)) {
        lines.add(value);
      }
    }

    function stop() {
      lines.drop();
      close();
    }

    const close = helper.open(operation, {
      frame,
      closed(problem) {
        lines.flush();
        if (id !== null) {
          following.delete(id);
        }
        if (over) {
          jobEnded();
        } else {
          failed(id, problem ?? ENDED_EARLY);
        }
      },
    });
    if (id !== null) {
      begins(id);
    }
  }

  function follow(id: string) {
    if (following.has(id) || stopped) {
      return;
    }
    openJob({ op: "job.follow", args: { id } }, id, (_id, problem) => {
      if (problem.problem !== "not-found" && problem.problem !== "access-denied") {
        timer.after(retryDelay(problem, 1), () => follow(id));
      }
    });
  }

  /* What a job made is in the listings. */
  function jobEnded() {
    backups.start();
    machines.start();
  }

  function complain(what: NoticeWhat, problem: Problem) {
    dispatch({ type: "notice", what, problem });
  }

  function startJob(operation: Operation) {
    openJob(operation, null, (id, problem) => {
      dispatch({ type: "starting", starting: false });
      if (id === null) {
        dispatch({ type: "notice", what: "not-started", op: operation.op, problem });
      } else {
        timer.after(retryDelay(problem, 0), () => follow(id));
      }
    });
  }

  function download(operation: Operation, fileName: string, failed?: Close) {
    dispatch({ type: "notice", what: "export-started", problem: null });
    helper.download(operation, fileName, (problem) => {
      failed?.();
      complain("export-failed", problem);
    });
  }

  /* All comes over one connection, through the same few programs. */
  let cancelWait: Close | null = null;

  function startBackups() {
    if (cancelWait !== null) {
      cancelWait();
      cancelWait = null;
      backups.start();
    }
  }

  cancelWait = timer.after(BACKUPS_WAIT_MS, startBackups);
  machines.start();
  jobs.start();
  if (!machinesFirst) {
    startBackups();
  }

  return {
    backUp(names, options) {
      dispatch({ type: "starting", starting: true });
      startJob({ op: "vm.backup", args: { vms: [...names], ...options } });
    },
    start: startJob,
    ask: (operation, expected, answered) => ask(helper, operation, expected, answered),
    cancelJob(id) {
      helper.open(
        { op: "job.cancel", args: { id } },
        {
          frame: () => undefined,
          closed: (problem) => problem !== null && complain("job-not-cancelled", problem),
        },
      );
    },
    download,
    exportBackups(ids) {
      const name = exportFileName(now());
      const log = watchExport(helper, name, (problem) => {
        watches.delete(log);
        dispatch({ type: "notice", what: problem === null ? "export-done" : "export-failed", problem });
      });
      watches.add(log);
      download({ op: "backup.export", args: { ids: [...ids], name } }, name, log);
    },
    refreshBackups: backups.start,
    restart() {
      [machines, backups, jobs].forEach((kept) => kept.start());
    },
    retry() {
      machines.retryNow();
      backups.retryNow();
      jobs.retryNow();
    },
    stop() {
      stopped = true;
      cancelWait?.();
      [machines, backups, jobs].forEach((kept) => kept.stop());
      following.forEach((close) => close());
      following.clear();
      watches.forEach((close) => close());
    },
  };
}
