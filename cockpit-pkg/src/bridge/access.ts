/*
 * What lets this session use the helper. A session of root's needs nothing. Another's needs
 * administrative access in Cockpit and, through it, a ticket for root's service: it is got, renewed
 * and given back here. The one file that runs programs.
 */
import type { CockpitPermission, Privileges } from "./cockpit";
import { isNumber, isRecord, isString } from "./shape";

export type Access =
  | { kind: "checking" }
  /** @ticket is null where none is needed. */
  | { kind: "granted"; ticket: string | null }
  /** Cockpit has no administrative access. */
  | { kind: "limited" }
  /** There is administrative access, and nobody at the service's socket. */
  | { kind: "no-service" }
  /** There is administrative access, and no ticket was to be had. */
  | { kind: "failed"; message: string };

export interface AccessKeeper {
  get: () => Access;
  subscribe: (listener: () => void) => () => void;
  /** The ticket is no good any more: gets another, and says whether there is one. */
  replace: (ticket: string) => Promise<boolean>;
  /** To try again with, whether the service is back. */
  lastTicket: () => string | null;
  /** A ticket for one download; null where none is needed. */
  forDownload: (operation: string, args: Record<string, unknown>) => Promise<string | null>;
  /** What a channel has met: the service, or that nobody is there. */
  met: (isThere: boolean) => void;
  /** Starts the service, now and at every start of the machine; the message when that fails. */
  startService: () => Promise<string | null>;
  retry: () => void;
  /** The page goes away: its ticket is good for nobody else. */
  leave: () => void;
}

interface Ticket {
  id: string;
  ticket: string;
  lifetimeSeconds: number;
}

/** Of a ticket's life, before it is renewed: late enough to be rare, early enough to fail once. */
const RENEW_AFTER = 0.4;
const SOCKET_UNIT = "cockpit-backup.socket";
export const START_COMMAND = `systemctl enable --now ${SOCKET_UNIT}`;

function parseTicket(text: string): Ticket | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(parsed) || !isString(parsed.id) || !isNumber(parsed.lifetime_seconds)) {
    return null;
  }
  const ticket = isString(parsed.ticket) ? parsed.ticket : "";
  return { id: parsed.id, ticket, lifetimeSeconds: parsed.lifetime_seconds };
}

function messageOf(error: unknown): string {
  return isRecord(error) && isString(error.message) ? error.message : String(error);
}

interface Surroundings {
  privileges: Privileges;
  /** cockpit-backup, absolute. */
  program: string;
  timer: { after: (milliseconds: number, callback: () => void) => () => void };
  /** Gives a ticket back, by a channel: without administrative access there is no other way. */
  giveBack: (ticket: string) => void;
}

export function keepAccess({ privileges, program, timer, giveBack }: Surroundings): AccessKeeper {
  const listeners = new Set<() => void>();
  let access: Access = { kind: "checking" };
  let uid: number | null = null;
  let admin: CockpitPermission | null = null;
  let current: Ticket | null = null;
  let cancelTimer: (() => void) | null = null;
  let pending: Promise<boolean> | null = null;

  function change(next: Access) {
    access = next;
    listeners.forEach((listener) => listener());
  }

  function run(words: string[], input = ""): Promise<string> {
    return privileges.spawn([program, "ticket", ...words], { superuser: "require", err: "message" }, input);
  }

  function drop() {
    cancelTimer?.();
    cancelTimer = null;
    current = null;
  }

  function renewLater(ticket: Ticket) {
    current = ticket;
    cancelTimer = timer.after(ticket.lifetimeSeconds * 1000 * RENEW_AFTER, () => {
      run(["renew", ticket.id]).then(
        () => current === ticket && renewLater(ticket),
        /* It may have expired while the machine slept. */
        () => current === ticket && void issue(),
      );
    });
  }

  async function getTicket(): Promise<boolean> {
    let ticket: Ticket | null = null;
    let message = "";
    try {
      ticket = parseTicket(await run(["issue", "--user", String(uid)]));
    } catch (error) {
      message = messageOf(error);
    }
    if (admin?.allowed !== true) {
      /* Dropped in the meantime; a ticket that came all the same is not kept. */
      if (ticket !== null) {
        giveBack(ticket.ticket);
      }
      return false;
    }
    drop();
    if (ticket === null || ticket.ticket === "") {
      change({ kind: "failed", message });
      return false;
    }
    renewLater(ticket);
    change({ kind: "granted", ticket: ticket.ticket });
    return true;
  }

  /* However many ask, one program runs. */
  function issue(): Promise<boolean> {
    pending ??= getTicket().finally(() => (pending = null));
    return pending;
  }

  function dropAndGiveBack() {
    const old = current;
    drop();
    change({ kind: "limited" });
    if (old !== null) {
      giveBack(old.ticket);
    }
  }

  function look() {
    if (admin?.allowed === true) {
      void issue();
    } else if (admin?.allowed === false) {
      dropAndGiveBack();
    }
  }

  privileges.user().then(
    (user) => {
      uid = user.id;
      if (uid === 0) {
        change({ kind: "granted", ticket: null });
        return;
      }
      admin = privileges.permission({ admin: true });
      admin.addEventListener("changed", look);
      look();
    },
    (error: unknown) => change({ kind: "failed", message: messageOf(error) }),
  );

  return {
    get: () => access,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    replace(ticket) {
      if (access.kind !== "granted" || access.ticket === null) {
        return Promise.resolve(false);
      }
      return access.ticket === ticket ? issue() : Promise.resolve(true);
    },
    lastTicket: () => current?.ticket ?? null,
    async forDownload(operation, args) {
      if (access.kind === "granted" && access.ticket === null) {
        return null;
      }
      const words = ["issue", "--user", String(uid), "--operation", operation];
      return parseTicket(await run(words, JSON.stringify(args)))?.ticket ?? null;
    },
    met(isThere) {
      if (!isThere && access.kind === "granted") {
        change({ kind: "no-service" });
      } else if (isThere && access.kind === "no-service" && current !== null) {
        change({ kind: "granted", ticket: current.ticket });
      }
    },
    async startService() {
      try {
        await privileges.spawn(
          ["systemctl", "enable", "--now", SOCKET_UNIT],
          { superuser: "require", err: "message" },
          "",
        );
      } catch (error) {
        return messageOf(error);
      }
      look();
      return null;
    },
    retry: look,
    leave() {
      if (current !== null) {
        dropAndGiveBack();
      }
    },
  };
}
