/*
 * A person who is not root, and who logs in to Cockpit as on any machine: by PAM, administrator by
 * sudo. Only in the test bed, where /etc is a copy.
 */
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { helperBinary, layPackage, startBed } from "./bed.mjs";

export const PASSWORD = "foobar";
const UID = 4003;

function makeUser(name) {
  if (!process.env.BK_BED) {
    throw new Error("this test adds a user: run it by tests/run or tests/bed");
  }
  const home = join("/run/home", name);
  const secret = execFileSync("openssl", ["passwd", "-6", PASSWORD], { encoding: "utf8" }).trim();
  mkdirSync(home, { recursive: true });
  appendFileSync("/etc/passwd", `${name}:x:${UID}:${UID}::${home}:/bin/bash\n`);
  appendFileSync("/etc/group", `${name}:x:${UID}:\n`);
  appendFileSync("/etc/shadow", `${name}:${secret}:19000:0:99999:7:::\n`);
  writeFileSync(`/etc/sudoers.d/${name}`, `${name} ALL=(ALL:ALL) ALL\n`, { mode: 0o440 });
  return home;
}

/** A directory with the helper and its module, which everybody may run. */
function copyHelper(dir) {
  const from = helperBinary();
  const program = join(dir, "cockpit-backup");
  mkdirSync(dir, { recursive: true });
  copyFileSync(from, program);
  chmodSync(program, 0o755);
  cpSync(join(dirname(from), "vm"), join(dir, "vm"), {
    recursive: true,
    filter: (path) => basename(path) === "vm" || path.endsWith(".so"),
  });
  return program;
}

function listens(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(true) ?? socket.destroy());
    socket.once("error", () => resolve(false));
  });
}

/** A bed with root's service and a person who can log in, with limited access. */
export async function startLoginBed(name) {
  const bed = await startBed({ session: [] });
  const home = makeUser(name);
  const program = copyHelper(join(bed.dir, "bin"));
  layPackage(join(home, ".local", "share"), [program, "bridge"]);
  execFileSync("chown", ["-R", `${UID}:${UID}`, home]);
  chmodSync(bed.dir, 0o755);
  mkdirSync("/etc/cockpit-backup", { recursive: true });
  copyFileSync(join(bed.dir, "config.json"), "/etc/cockpit-backup/config.json");

  /** The tickets that are good: a download's is used up. */
  bed.tickets = () => readdirSync(join(bed.config.runtime_dir, "tickets")).filter((name) => name.endsWith(".json"));

  bed.program = program;
  let service = null;
  const socket = join(bed.config.runtime_dir, "socket");
  bed.helper = (...words) => execFileSync(program, words, { env: bed.env, encoding: "utf8" });
  bed.startService = async () => {
    service = spawn(program, ["service"], { env: bed.env, stdio: "ignore" });
    while (!(existsSync(socket) && (await listens(socket)))) {
      if (service.exitCode !== null) {
        throw new Error(`the service ended: ${service.exitCode}`);
      }
      await delay(20);
    }
  };
  bed.stopService = () =>
    new Promise((resolve) => {
      service.once("exit", resolve);
      service.kill("SIGKILL");
    });
  bed.atClose(() => service?.exitCode === null && service.signalCode === null && bed.stopService());

  /** Cockpit forgets one who logs in and opens no page within 15 s. */
  bed.logIn = async () => {
    const origin = `http://127.0.0.1:${bed.port}`;
    const answer = await fetch(`${origin}/cockpit/login`, {
      headers: { Authorization: `Basic ${btoa(`${name}:${PASSWORD}`)}`, "X-Superuser": "none" },
    });
    const [, value] = /^cockpit=([^;]*)/.exec(answer.headers.get("set-cookie"));
    await bed.context.addCookies([{ name: "cockpit", value, url: origin }]);
  };
  return bed;
}

/* Cockpit's dialog leaves this hidden from assistive technology after itself, so not by its role. */
const indicator = (page, text) => page.locator("#super-user-indicator button", { hasText: text });

/** What the person does at the top of Cockpit's window. */
export async function turnOnAdministrativeAccess(page) {
  const dialog = page.getByRole("dialog");
  await indicator(page, "Limited access").click();
  await dialog.locator("input[type=password]").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Authenticate" }).click();
  await indicator(page, "Administrative access").waitFor();
}

export async function dropAdministrativeAccess(page) {
  await indicator(page, "Administrative access").click();
  await page.getByRole("dialog").getByRole("button", { name: "Limit access" }).click();
  await indicator(page, "Limited access").waitFor();
}
