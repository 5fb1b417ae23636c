/*
 * What a browser test stands on: a Cockpit of its own on a free port, the page built as users get
 * it, a helper, a repository in a temporary directory, and a Chromium. close() ends and removes
 * all of it.
 */
import { spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

export const here = dirname(fileURLToPath(import.meta.url));
export const top = join(here, "..", "..");
export const results = join(top, "tests", "results");

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const COCKPIT_WS = ["/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws"];
/* They end what hangs; a machine with other work may take long over what does not. */
const START_TIMEOUT_MS = 120_000;
export const WAIT_MS = 120_000;

function firstThere(paths, what) {
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new Error(`${what} is not installed: none of ${paths.join(", ")} is there`);
  }
  return path;
}

/** The first true value of condition(), for what has no event of its own. */
export async function until(condition, what) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
    }
    await delay(50);
  }
}

export function helperBinary() {
  return process.env.COCKPIT_BACKUP_BINARY ?? join(top, "build", "helper", "cockpit-backup");
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function waitForPort(port, process) {
  const until = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const there = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true) ?? socket.destroy());
      socket.once("error", () => resolve(false));
    });
    if (there) {
      return;
    }
    if (process.exitCode !== null || Date.now() > until) {
      throw new Error(`cockpit-ws did not start: exit status ${process.exitCode}`);
    }
    await delay(50);
  }
}

function endGroup(child) {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once("exit", resolve);
    process.kill(-child.pid, "SIGTERM");
  });
}

/** Lays the page out as a Cockpit package that starts this helper. */
export function layPackage(share, spawnCommand) {
  const dist = join(top, "cockpit-pkg", "dist");
  if (!existsSync(join(dist, "index.js.gz"))) {
    throw new Error("the page is not built: run “npm ci && npm run build” in cockpit-pkg first");
  }
  const target = join(share, "cockpit", "backup");
  cpSync(dist, target, { recursive: true });
  const path = join(target, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.bridges[0].spawn = spawnCommand;
  writeFileSync(path, JSON.stringify(manifest));
}

/**
 * @param options.command  the helper as Cockpit starts it; the real one unless a test says otherwise
 * @param options.language  of the browser
 * @param options.settings  more members of config.json
 * @param options.session  what cockpit-ws is told of its session: root's without a login; [] for people who log in
 */
export async function startBed({
  command,
  language = "en-US",
  settings = {},
  env = {},
  viewport,
  session = ["--local-session=cockpit-bridge"],
} = {}) {
  const dir = mkdtempSync("/var/tmp/cockpit-backup-browser-");
  // What has been ended may write its last meanwhile.
  const closers = [() => rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })];

  /** Ends all of it, whatever of it fails. */
  async function close() {
    const failures = [];
    while (closers.length > 0) {
      try {
        await closers.pop()();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  }

  try {
    const share = join(dir, "share");
    layPackage(share, command ?? [helperBinary(), "bridge"]);

    const config = {
      state_dir: join(dir, "state"),
      repository_dir: join(dir, "state", "repository"),
      log_dir: join(dir, "state", "logs"),
      runtime_dir: join(dir, "run"),
      ...settings,
    };
    const configFile = join(dir, "config.json");
    // QEMU's own user writes the copies: it must be able to reach them.
    [dir, config.state_dir, config.repository_dir, config.runtime_dir].forEach((path) =>
      mkdirSync(path, { recursive: true, mode: 0o711 }),
    );
    chmodSync(dir, 0o711);
    writeFileSync(configFile, JSON.stringify(config));

    const port = await freePort();
    const environment = {
      ...process.env,
      ...env,
      COCKPIT_BACKUP_CONFIG: configFile,
      XDG_DATA_DIRS: `${share}:/usr/share`,
      XDG_DATA_HOME: join(dir, "home"),
      XDG_CONFIG_DIRS: join(dir, "etc"),
    };
    const ws = spawn(
      "dbus-run-session",
      [
        "--",
        firstThere(COCKPIT_WS, "cockpit-ws"),
        ...session,
        "--no-tls",
        "-p",
        String(port),
        "-a",
        "127.0.0.1",
      ],
      { env: environment, detached: true, stdio: ["ignore", "ignore", "pipe"] },
    );
    const stderr = [];
    ws.stderr.on("data", (data) => stderr.push(data));
    closers.push(() => endGroup(ws));
    await waitForPort(port, ws);

    const browser = await chromium.launch({
      executablePath: firstThere(CHROMIUM, "Chromium"),
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
      timeout: START_TIMEOUT_MS,
    });
    closers.push(() => browser.close());

    const context = await browser.newContext({
      locale: language,
      acceptDownloads: true,
      viewport: viewport ?? { width: 1400, height: 1000 },
    });
    context.setDefaultTimeout(WAIT_MS);
    const cookie = { name: "CockpitLang", value: language.toLowerCase(), url: `http://127.0.0.1:${port}` };
    await context.addCookies([cookie]);

    const atClose = (closer) => closers.push(closer);
    return { dir, config, port, browser, context, env: environment, stderr, atClose, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/* Cockpit's shell shows each page in a frame of its own. */
const innerOf = (page) => page.frameLocator('iframe[name="cockpit1:localhost/backup"]');

/**
 * Presses what the page may take away by itself before it can be pressed, because what the button is for
 * has come about: that is as good.
 */
export async function pressUnless(button, there) {
  await Promise.race([button.click(), there.waitFor()]);
}

/** Opens the page in Cockpit's shell; returns the tab of the browser and the frame of the page. */
export async function openPage(bed, path = "/backup") {
  const page = await bed.context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(`http://127.0.0.1:${bed.port}${path}`);
  const frame = innerOf(page);
  await frame.locator("#app nav, #app main").first().waitFor();
  return { page, frame, problems };
}

/**
 * Keeps the session until the bed is closed: cockpit-ws ends one of which no page has been open for 15 s,
 * and between a page's closing, or its reload, and another's being there it can be longer. Without a login it is gone for good.
 */
export async function stayLoggedIn(bed) {
  const tab = await bed.context.newPage();
  await tab.goto(`http://127.0.0.1:${bed.port}/elsewhere`);
}

/**
 * Brings the page to one of its own addresses, for instance "/backups", and returns when it shows that:
 * Cockpit tells the page of a new address some time after it has it, and the listing that is left has
 * rows and buttons like those of the next.
 */
export async function goTo(page, bed, address) {
  await page.goto(`http://127.0.0.1:${bed.port}/backup#${address}`);
  const { pathname, searchParams } = new URL(address, "http://page");
  const query = searchParams.toString();
  const place = `${pathname}${query === "" ? "" : `?${query}`}`;
  await innerOf(page).locator(`#backup-content[data-place="${place}"]`).waitFor();
}

export async function setStyle(page, style) {
  await page.evaluate((value) => {
    localStorage.setItem("shell:style", value);
    for (const frame of [window, ...Array.from(window.frames)]) {
      frame.dispatchEvent(new frame.CustomEvent("cockpit-style", { detail: { style: value } }));
    }
  }, style);
}
