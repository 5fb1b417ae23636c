/*
 * The one file that talks to Cockpit's channels: opens an operation of the helper, checks each
 * frame, and hands it on. Nothing else in the page knows that channels exist.
 */
import type { AccessKeeper } from "./access";
import { cockpit } from "./cockpit";
import { isRecord, isString } from "./shape";

/** Why a channel closed: Cockpit's code, and the helper's own sentence when it gave one. */
export interface Problem {
  problem: string;
  message: string | null;
}

export type FrameKind = "item" | "progress" | "log" | "result";
export interface Frame { kind: FrameKind; value: unknown }

export interface Operation {
  op: string;
  args: Record<string, unknown>;
}

export interface Listener {
  frame(frame: Frame): void;
  /** Comes exactly once, and nothing after it; null when the operation ended well. */
  closed(problem: Problem | null): void;
}

/** Ends the watching; the listener hears nothing more. A job goes on. */
export type Close = () => void;

export interface Helper {
  open(operation: Operation, listener: Listener): Close;
  download(operation: Operation, fileName: string, failed: (problem: Problem) => void): void;
}

const FRAME_KINDS: readonly FrameKind[] = ["item", "progress", "log", "result"];
const PAYLOAD = "backup1";

/** A JSON object with exactly one known key; null for anything else. */
function parseFrame(text: string): Frame | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(parsed)) {
    return null;
  }
  const keys = Object.keys(parsed);
  const kind = FRAME_KINDS.find((name) => name === keys[0]);
  return kind !== undefined && keys.length === 1 ? { kind, value: parsed[kind] } : null;
}

/**
 * What is in a text frame, a line each, as “gather” asks for: hundreds of thousands of messages would
 * leave the browser no time to draw. Null, and then nothing more, for a line that says nothing known.
 */
export function* framesOf(text: string): Generator<Frame | null> {
  for (const line of text.split("\n")) {
    const frame = parseFrame(line);
    yield frame;
    if (frame === null) {
      return;
    }
  }
}

function problemOf(options: unknown): Problem | null {
  if (!isRecord(options) || !isString(options.problem) || options.problem === "") {
    return null;
  }
  const message = options.message;
  return { problem: options.problem, message: isString(message) && message !== "" ? message : null };
}

/* One channel; null for a problem is its good end. */
function openChannel(operation: Operation, ticket: string | null, listener: Listener): Close {
  const channel = cockpit.channel({
    payload: PAYLOAD,
    language: cockpit.language || "en",
    gather: true,
    ...operation,
    ...(ticket === null ? {} : { ticket }),
  });
  let over = false;

  function finish(problem: Problem | null) {
    if (!over) {
      over = true;
      listener.closed(problem);
    }
  }

  channel.addEventListener("message", (_event, data) => {
    for (const frame of framesOf(data)) {
      // Whoever hears of one may close it.
      if (over) {
        return;
      }
      if (frame === null) {
        finish({ problem: "protocol-error", message: null });
        channel.close();
      } else {
        listener.frame(frame);
      }
    }
  });
  channel.addEventListener("close", (_event, options) => finish(problemOf(options)));

  return () => {
    if (!over) {
      over = true;
      channel.close();
    }
  };
}

const NO_ACCESS: Problem = { problem: "access-denied", message: null };
/** Its ticket has died, with the helper perhaps; there is another now. */
const TICKET_LOST: Problem = { problem: "disconnected", message: null };

/** Opens once there is access; a ticket that has died in the meantime is replaced once. */
function openWithAccess(access: AccessKeeper, operation: Operation, listener: Listener): Close {
  let close: Close = () => undefined;
  let over = false;
  let hasHeard = false;
  let attempts = 0;

  function finish(problem: Problem | null) {
    if (!over) {
      over = true;
      unsubscribe();
      listener.closed(problem);
    }
  }

  async function replaceTicket(ticket: string, problem: Problem) {
    const isReplaced = await access.replace(ticket);
    if (over) {
      return;
    }
    if (!isReplaced) {
      finish(problem);
    } else if (hasHeard) {
      finish(TICKET_LOST);
    } else {
      begin();
    }
  }

  function closed(ticket: string | null, problem: Problem | null) {
    access.met(problem?.problem !== "no-service");
    if (problem?.problem === "access-denied" && ticket !== null && attempts < 2) {
      void replaceTicket(ticket, problem);
    } else {
      finish(problem);
    }
  }

  function begin() {
    const now = access.get();
    if (now.kind !== "granted" && now.kind !== "no-service") {
      finish(NO_ACCESS);
      return;
    }
    const ticket = now.kind === "granted" ? now.ticket : access.lastTicket();
    attempts++;
    close = openChannel(operation, ticket, {
      frame(frame) {
        if (!hasHeard) {
          access.met(true);
        }
        hasHeard = true;
        listener.frame(frame);
      },
      closed: (problem) => closed(ticket, problem),
    });
  }

  /* Without a ticket nothing is asked: it would be recorded as an attempt. */
  const unsubscribe = access.subscribe(() => {
    const { kind } = access.get();
    if (attempts === 0 && kind !== "checking") {
      begin();
    } else if (attempts > 0 && (kind === "limited" || kind === "failed")) {
      close();
      finish(NO_ACCESS);
    }
  });
  if (access.get().kind !== "checking") {
    /* Whoever opens has what is returned before anything is said. */
    void Promise.resolve().then(() => !over && attempts === 0 && begin());
  }

  return () => {
    over = true;
    unsubscribe();
    close();
  };
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  bytes.forEach((byte) => (binary += String.fromCharCode(byte)));
  return btoa(binary);
}

/**
 * As RFC 6266 wants it: names come from backups, so anything may be in them. The first form is for
 * old browsers, in plain ASCII; the second is exact, but for what a file name cannot have.
 */
export function contentDisposition(fileName: string): string {
  const name = fileName.replace(/[\u0000-\u001f\u007f/\\]/g, "_");
  const plain = name.replace(/[^ -~]/g, "_").replace(/["%]/g, "_");
  // Lone halves of surrogate pairs cannot be encoded.
  const whole = new TextDecoder().decode(new TextEncoder().encode(name));
  const exact = encodeURIComponent(whole).replace(/['()*]/g, (char) => "%" + char.charCodeAt(0).toString(16).toUpperCase());
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/** The address under which cockpit-ws opens an external channel and sends what comes out of it. */
function downloadAddress(operation: Operation, ticket: string | null, fileName: string): string {
  const isArchive = fileName.endsWith(".tar.gz");
  const command = {
    payload: PAYLOAD,
    language: cockpit.language || "en",
    host: cockpit.transport.host ?? "localhost",
    ...operation,
    ...(ticket === null ? {} : { ticket }),
    binary: "raw",
    external: {
      // Never a type that a browser would show, and run, in Cockpit's own origin.
      "content-type": isArchive ? "application/gzip" : "application/octet-stream",
      "content-disposition": contentDisposition(fileName),
    },
  };
  const { transport } = cockpit;
  const path = new URL(transport.uri("channel/" + transport.csrf_token), window.location.href).pathname;
  return `${path}?${base64(JSON.stringify(command))}`;
}

/** Cockpit's web server puts some problems into HTTP's own words, and others as they are. */
export function problemOfTitle(title: string): string {
  switch (title) {
    case "Not Found":
      return "not-found";
    case "Forbidden":
    case "Access denied":
      return "access-denied";
    default:
      return /^[a-z]+(-[a-z]+)*$/.test(title) ? title : "internal-error";
  }
}

/**
 * Starts a download in a hidden frame. An answer that is a download never loads in the frame; one
 * that does load is an error page of Cockpit's web server, whose title holds the problem.
 */
function startDownload(
  operation: Operation,
  ticket: string | null,
  fileName: string,
  failed: (problem: Problem) => void,
): void {
  cockpit.transport.wait(() => {
    const iframe = document.createElement("iframe");
    iframe.hidden = true;
    iframe.title = fileName;
    iframe.addEventListener("load", () => {
      const title = iframe.contentDocument?.title ?? "";
      if (iframe.contentDocument?.location.href === "about:blank") {
        return;
      }
      iframe.remove();
      failed({ problem: problemOfTitle(title), message: null });
    });
    iframe.src = downloadAddress(operation, ticket, fileName);
    document.body.append(iframe);
  });
}

export function createHelper(access: AccessKeeper): Helper {
  return {
    open: (operation, listener) => openWithAccess(access, operation, listener),
    download(operation, fileName, failed) {
      access.forDownload(operation.op, operation.args).then(
        (ticket) => startDownload(operation, ticket, fileName, failed),
        () => failed(NO_ACCESS),
      );
    },
  };
}

/** Tells the service that a ticket is not wanted any more. */
export function giveBackTicket(ticket: string): void {
  openChannel({ op: "ticket.revoke", args: {} }, ticket, { frame: () => undefined, closed: () => undefined });
}
