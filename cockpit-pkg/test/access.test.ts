import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { keepAccess, type AccessKeeper } from "../src/bridge/access";
import type { CockpitPermission, Privileges } from "../src/bridge/cockpit";
import { FakeTimer } from "./fakes";

interface Run {
  words: string[];
  superuser: string | undefined;
  input: string;
  answer: (text: string) => Promise<void>;
  fail: (message: string) => Promise<void>;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

class FakeCockpit implements Privileges {
  readonly runs: Run[] = [];
  #changed: () => void = () => undefined;
  admin: { allowed: boolean | null };

  constructor(
    readonly id: number,
    allowed: boolean | null,
  ) {
    this.admin = { allowed };
  }

  user() {
    return Promise.resolve({ id: this.id });
  }

  permission(): CockpitPermission {
    const { admin } = this;
    return {
      get allowed() {
        return admin.allowed;
      },
      addEventListener: (_name, listener) => (this.#changed = listener),
    };
  }

  spawn(words: string[], options: { superuser?: string }, input: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.runs.push({
        words,
        superuser: options.superuser,
        input,
        answer: (text) => (resolve(text), settle()),
        fail: (message) => (reject(new Error(message)), settle()),
      });
    });
  }

  allow(allowed: boolean) {
    this.admin.allowed = allowed;
    this.#changed();
  }

  get last(): Run {
    const run = this.runs.at(-1);
    assert.ok(run);
    return run;
  }
}

const answer = (id: string, ticket = `secret of ${id}`) => JSON.stringify({ id, ticket, lifetime_seconds: 300 });

class Bed {
  readonly timer = new FakeTimer();
  readonly givenBack: string[] = [];
  readonly kinds: string[] = [];
  readonly cockpit: FakeCockpit;
  readonly keeper: AccessKeeper;

  constructor(id: number, allowed: boolean | null) {
    this.cockpit = new FakeCockpit(id, allowed);
    this.keeper = keepAccess({
      privileges: this.cockpit,
      program: "/usr/bin/cockpit-backup",
      timer: this.timer,
      giveBack: (ticket) => this.givenBack.push(ticket),
    });
    this.keeper.subscribe(() => this.kinds.push(this.keeper.get().kind));
  }
}

async function granted(): Promise<Bed> {
  const bed = new Bed(1000, true);
  await settle();
  await bed.cockpit.last.answer(answer("a"));
  assert.deepEqual(bed.keeper.get(), { kind: "granted", ticket: "secret of a" });
  return bed;
}

describe("access", () => {
  test("a session of root's needs no ticket", async () => {
    const bed = new Bed(0, true);
    assert.equal(bed.keeper.get().kind, "checking");
    await settle();
    assert.deepEqual(bed.keeper.get(), { kind: "granted", ticket: null });
    assert.equal(await bed.keeper.forDownload("backup.export", {}), null);
    assert.equal(bed.cockpit.runs.length, 0);
  });

  test("a ticket is got through administrative access, for the session's own user", async () => {
    const { cockpit } = await granted();
    assert.deepEqual(cockpit.last.words, ["/usr/bin/cockpit-backup", "ticket", "issue", "--user", "1000"]);
    assert.equal(cockpit.last.superuser, "require");
  });

  test("without it nothing is run", async () => {
    const bed = new Bed(1000, false);
    await settle();
    assert.equal(bed.keeper.get().kind, "limited");
    assert.equal(bed.cockpit.runs.length, 0);
    bed.cockpit.allow(true);
    await bed.cockpit.last.answer(answer("a"));
    assert.equal(bed.keeper.get().kind, "granted");
  });

  test("while it is not known, nothing is said", async () => {
    const bed = new Bed(1000, null);
    await settle();
    assert.equal(bed.keeper.get().kind, "checking");
  });

  test("a ticket is given back when privileges are dropped", async () => {
    const bed = await granted();
    bed.cockpit.allow(false);
    assert.equal(bed.keeper.get().kind, "limited");
    assert.deepEqual(bed.givenBack, ["secret of a"]);
    bed.timer.go(3_600_000);
    assert.equal(bed.cockpit.runs.length, 1);
  });

  test("a ticket is given back when the page goes away", async () => {
    const bed = await granted();
    bed.keeper.leave();
    bed.keeper.leave();
    assert.deepEqual(bed.givenBack, ["secret of a"]);
    bed.timer.go(3_600_000);
    assert.equal(bed.cockpit.runs.length, 1);
  });

  test("one that comes after privileges were dropped is given back", async () => {
    const bed = new Bed(1000, true);
    await settle();
    bed.cockpit.allow(false);
    await bed.cockpit.last.answer(answer("a"));
    assert.equal(bed.keeper.get().kind, "limited");
    assert.deepEqual(bed.givenBack, ["secret of a"]);
  });

  test("it is renewed by its id, never by the secret, again and again", async () => {
    const bed = await granted();
    for (let round = 0; round < 3; round++) {
      bed.timer.go(150_000);
      assert.deepEqual(bed.cockpit.last.words.slice(1), ["ticket", "renew", "a"]);
      await bed.cockpit.last.answer('{"id":"a","lifetime_seconds":300}');
    }
    assert.equal(bed.cockpit.runs.length, 4);
    assert.deepEqual(bed.keeper.get(), { kind: "granted", ticket: "secret of a" });
  });

  test("one that cannot be renewed is replaced", async () => {
    const bed = await granted();
    bed.timer.go(150_000);
    await bed.cockpit.last.fail("There is no ticket “a” to renew");
    await bed.cockpit.last.answer(answer("b"));
    assert.deepEqual(bed.keeper.get(), { kind: "granted", ticket: "secret of b" });
  });

  test("however many channels miss it, one other is got", async () => {
    const bed = await granted();
    const first = bed.keeper.replace("secret of a");
    const second = bed.keeper.replace("secret of a");
    assert.equal(bed.cockpit.runs.length, 2);
    await bed.cockpit.last.answer(answer("b"));
    assert.deepEqual([await first, await second, await bed.keeper.replace("secret of a")], [true, true, true]);
    assert.equal(bed.cockpit.runs.length, 2);
  });

  test("why there is none is said", async () => {
    const bed = new Bed(1000, true);
    await settle();
    await bed.cockpit.last.fail("cockpit-backup: Only root issues tickets");
    assert.deepEqual(bed.keeper.get(), { kind: "failed", message: "cockpit-backup: Only root issues tickets" });
    bed.keeper.retry();
    await bed.cockpit.last.answer(answer("a"));
    assert.equal(bed.keeper.get().kind, "granted");
  });

  test("an answer that is no ticket is none", async () => {
    for (const text of ["", "{}", "[]", '{"id":"a"}', '{"id":"a","lifetime_seconds":300}']) {
      const bed = new Bed(1000, true);
      await settle();
      await bed.cockpit.last.answer(text);
      assert.equal(bed.keeper.get().kind, "failed", text);
    }
  });

  test("a download has a ticket of its own, its arguments on standard input", async () => {
    const bed = await granted();
    const ticket = bed.keeper.forDownload("backup.export", { ids: ["vm/a/b"] });
    assert.deepEqual(bed.cockpit.last.words.slice(1), [
      "ticket", "issue", "--user", "1000", "--operation", "backup.export",
    ]);
    assert.equal(bed.cockpit.last.input, '{"ids":["vm/a/b"]}');
    await bed.cockpit.last.answer(answer("d"));
    assert.equal(await ticket, "secret of d");
    assert.deepEqual(bed.keeper.get(), { kind: "granted", ticket: "secret of a" });
  });

  test("that nobody is at the socket is told from missing privileges", async () => {
    const bed = await granted();
    bed.keeper.met(false);
    assert.equal(bed.keeper.get().kind, "no-service");
    assert.equal(bed.keeper.lastTicket(), "secret of a");
    bed.keeper.met(true);
    assert.deepEqual(bed.keeper.get(), { kind: "granted", ticket: "secret of a" });
  });

  test("the service is started, and then a ticket is got", async () => {
    const bed = await granted();
    bed.keeper.met(false);
    const started = bed.keeper.startService();
    assert.deepEqual(bed.cockpit.last.words, ["systemctl", "enable", "--now", "cockpit-backup.socket"]);
    await bed.cockpit.last.answer("");
    assert.equal(await started, null);
    await bed.cockpit.last.answer(answer("b"));
    assert.equal(bed.keeper.get().kind, "granted");
  });

  test("why the service was not started is said", async () => {
    const bed = await granted();
    bed.keeper.met(false);
    const started = bed.keeper.startService();
    await bed.cockpit.last.fail("System has not been booted with systemd");
    assert.equal(await started, "System has not been booted with systemd");
    assert.equal(bed.keeper.get().kind, "no-service");
  });
});
