/* What a person sees when something is missing, refused, broken or slow; and that it gets well again. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { violations } from "./axe.mjs";
import { goTo, openPage, pressUnless, startBed, stayLoggedIn } from "./bed.mjs";
import { busyHost, emptyHost, golden, startScenario } from "./scenario.mjs";

const refused = (problem, message) => ({
  "vm.list": { problem, message },
  "backup.list": { problem, message },
  "job.list": { problem, message },
  "tree.list": { problem, message },
  "config.get": { problem, message },
});

const TABS = ["vms", "backups", "files", "activity", "settings"];

describe("states: the helper is missing", () => {
  let bed;
  before(async () => {
    bed = await startBed({ command: ["/no/such/cockpit-backup", "bridge"] });
    await stayLoggedIn(bed);
  });
  after(() => bed?.close());

  for (const tab of TABS) {
    test(`${tab} says so, and what to do`, async () => {
      const { page, frame } = await openPage(bed);
      await goTo(page, bed, `/${tab}`);
      await frame.getByRole("heading", { name: "The backup service does not answer" }).waitFor();
      await frame.getByText(/cockpit-backup is not installed/).waitFor();
      assert.deepEqual(await violations(page), []);
      await page.close();
    });
  }
});

describe("states: refused, or broken", () => {
  let bed;
  before(async () => {
    bed = await startScenario(emptyHost());
    await stayLoggedIn(bed);
  });
  after(() => bed?.close());

  const cases = [
    ["access-denied", "Only an administrator may list virtual machines.", "Administrative access is needed"],
    ["unavailable", "libvirt does not answer at qemu:///system.", "libvirt does not answer"],
    ["internal-error", "The repository cannot be read.", "Something went wrong"],
  ];
  for (const [problem, message, title] of cases) {
    test(`${problem}: a title, the helper's own sentence, and a way on`, async () => {
      bed.say(refused(problem, message));
      const { page, frame } = await openPage(bed);
      for (const tab of TABS) {
        await goTo(page, bed, `/${tab}`);
        await frame.getByRole("heading", { name: title }).waitFor();
        await frame.getByText(message).waitFor();
        assert.deepEqual(await violations(page), []);
      }
      bed.say(busyHost());
      await goTo(page, bed, "/vms");
      const web1 = frame.locator("[data-vm=web1]");
      await pressUnless(frame.getByRole("button", { name: "Try again" }), web1);
      await web1.waitFor();
      await page.close();
    });
  }

  const frames = {
    "no JSON": ["{"],
    "no object": ["[]"],
    "two keys": ['{"item":1,"log":2}'],
    "no machine": ['{"item":{"name":"web1"}}'],
    "no result": ['{"result":{"count":"many"}}'],
  };
  for (const [what, raw] of Object.entries(frames)) {
    test(`a frame that is ${what} is told of, and breaks nothing`, async () => {
      bed.say({ ...emptyHost(), "vm.list": { raw, open: true } });
      const { page, frame } = await openPage(bed);
      await frame.getByRole("heading", { name: /do not understand each other/ }).waitFor();
      await goTo(page, bed, "/backups");
      await frame.getByRole("heading", { name: "No backups yet" }).waitFor();
      await page.close();
    });
  }

  test("a download that is refused is an error in the page, with its reason", async () => {
    bed.say({ ...busyHost(), "backup.export": { problem: "not-found", message: "It is gone." } });
    const { page, frame } = await openPage(bed);
    await goTo(page, bed, "/backups");
    await frame.getByRole("checkbox", { name: "Select web1-Base-20261118_020000" }).check();
    await frame.getByRole("button", { name: "Export selected" }).click();
    const alert = frame.locator(".pf-v6-c-alert", { hasText: "The download failed" });
    await alert.getByText("It is not there any more").waitFor();
    assert.deepEqual(await violations(page), []);
    await alert.getByRole("button", { name: "Close" }).click();
    await alert.waitFor({ state: "detached" });
    await page.close();
  });

  test("a backup that is refused says why, with the figures", async () => {
    const { problem, message } = golden("job-failed.json").error;
    const idle = { ...busyHost(), "job.list": emptyHost()["job.list"] };
    idle["vm.list"].items = idle["vm.list"].items.map((vm) => ({ ...vm, job_id: null }));
    bed.say(idle);
    const { page, frame } = await openPage(bed);
    await frame.getByRole("checkbox", { name: "Select db1" }).check();
    await frame.getByRole("button", { name: "Back up selected" }).click();
    const start = frame.getByRole("button", { name: "Start the backup" });
    await start.and(frame.locator(":enabled")).waitFor();
    // The plan was good; what is refused is the run itself.
    bed.say({ ...idle, "vm.backup": { problem, message } });
    await start.click();
    await frame.locator(".pf-v6-c-alert", { hasText: "Backup of virtual machines: not started" }).getByText(message).waitFor();
    await page.close();
  });
});

describe("states: the watch is lost and comes back", () => {
  let bed;
  before(async () => {
    bed = await startScenario(busyHost());
    await stayLoggedIn(bed);
  });
  after(() => bed?.close());

  test("what is known stays in view with a warning, and is up to date again by itself", async () => {
    const { page, frame } = await openPage(bed);
    await frame.locator("[data-vm=web1]").waitFor();
    const lost = busyHost();
    lost["vm.list"] = { ...lost["vm.list"], open: false, problem: "unavailable", message: "libvirtd has ended." };
    bed.say(lost);
    await page.reload();
    await frame.getByText("libvirtd has ended.").waitFor();
    await frame.locator("[data-vm=web1]").waitFor();
    bed.say({ ...emptyHost(), "vm.list": { ...busyHost()["vm.list"], items: [busyHost()["vm.list"].items[1]] } });
    await frame.locator("[data-vm=db1]").waitFor();
    await frame.locator("[data-vm=web1]").waitFor({ state: "detached" });
    await frame.getByText("libvirtd has ended.").waitFor({ state: "detached" });
    await page.close();
  });
});
