/* axe finds nothing wrong, on any tab, in the dialog, in either theme; and the pictures of it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { violations } from "./axe.mjs";
import { goTo, openPage, setStyle } from "./bed.mjs";
import { focused, settled, shot } from "./look.mjs";
import { busyHost, emptyHost, startScenario } from "./scenario.mjs";

/* Each dialog of a backup: how it is opened, returning what then has the focus again, and what it waits for. */
const MERGED = "web1-Full-Merged-20261101_020000";
const NEWEST = "web1-Inc-20261120_020000";
const byMenu = (id, item) => async (frame) => {
  const toggle = frame.getByRole("button", { name: `Actions of ${id}` });
  await toggle.click();
  await frame.getByRole("menuitem", { name: item }).click();
  return toggle;
};
const byButton = (name) => async (frame) => {
  const button = frame.getByRole("button", { name });
  await button.click();
  return button;
};
const dialogs = [
  ["restore", byButton(`Restore ${NEWEST}`), (dialog) => dialog.getByText(/It needs at most/)],
  ["pin", byMenu(NEWEST, "Pin…"), (dialog) => dialog.getByRole("textbox", { name: "Label" })],
  ["delete", byMenu(MERGED, "Delete…"), (dialog) => dialog.getByText(/It belongs to the active cycle/)],
  ["clean", byButton("Clean old backups…"), (dialog) => dialog.locator("[data-removal]")],
];

describe("accessibility", () => {
  let bed;
  let opened;

  before(async () => {
    bed = await startScenario(busyHost());
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  for (const style of ["light", "dark"]) {
    test(`virtual machines, ${style}`, async () => {
      const { page, frame } = opened;
      await goTo(page, bed, "/vms");
      await setStyle(page, style);
      await frame.locator("[data-vm=web1]").waitFor();
      const toggle = frame.locator("[data-vm=web1]").getByRole("button", { name: "Disks and warnings of web1" });
      await toggle.click();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `vms-${style}`);
      await toggle.click();
    });

    test(`the dialog of a backup, ${style}`, async () => {
      const { page, frame } = opened;
      await frame.getByRole("checkbox", { name: "Select all" }).check();
      await frame.getByRole("button", { name: "Back up selected" }).click();
      const dialog = frame.getByRole("dialog");
      await dialog.getByRole("button", { name: "Options of this run" }).click();
      await dialog.locator("[data-planned=db1]").waitFor();
      await dialog.getByRole("spinbutton", { name: "Incrementals before consolidation" }).fill("3");
      await dialog.getByRole("button", { name: "Start the backup" }).and(frame.locator(":enabled")).waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `dialog-${style}`);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await frame.getByRole("checkbox", { name: "Select all" }).uncheck();
    });

    test(`the dialog to forget a chain, ${style}`, async () => {
      const { page, frame } = opened;
      const opener = await byMenu("mail.example.org", "Forget the chain…")(frame);
      await frame.getByRole("dialog").getByRole("button", { name: "Forget the chain" }).waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `forget-${style}`);
      await page.keyboard.press("Escape");
      await frame.getByRole("dialog").waitFor({ state: "detached" });
      await focused(frame, opener);
    });

    test(`backups, ${style}`, async () => {
      const { page, frame } = opened;
      await goTo(page, bed, "/backups");
      await frame.getByRole("checkbox", { name: "Select web1-Inc-20261120_020000" }).check();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `backups-${style}`);
      await frame.getByRole("checkbox", { name: "Select web1-Inc-20261120_020000" }).uncheck();
    });

    test(`the details of a backup, ${style}`, async () => {
      const { page, frame } = opened;
      await goTo(page, bed, "/backups?project=vm%2Fweb1&backup=web1-Inc-20261120_020000");
      const details = frame.locator("[data-details]");
      await details.getByText("data/domain.xml").waitFor();
      await details.getByRole("button", { name: "Log" }).click();
      await details.locator(".backup-log-line").first().waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `details-${style}`);
      await frame.getByRole("button", { name: "Details of web1-Inc-20261120_020000" }).click();
      await details.waitFor({ state: "detached" });
    });

    for (const [name, open, there] of dialogs) {
      test(`the dialog to ${name}, ${style}`, async () => {
        const { page, frame } = opened;
        await goTo(page, bed, "/backups");
        await frame.locator("[data-backup]").first().waitFor();
        const opener = await open(frame);
        const dialog = frame.getByRole("dialog");
        await there(dialog).first().waitFor();
        await settled(page, frame);
        assert.deepEqual(await violations(page), []);
        await shot(page, `${name}-${style}`);
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
        await focused(frame, opener);
      });
    }

    test(`activity, ${style}`, async () => {
      const { page, frame } = opened;
      await goTo(page, bed, "/activity");
      await frame.locator("[data-job-row]").first().waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `activity-${style}`);
    });
  }

  test("TESTE 10 – Interface e UX, 10.2: a telephone's width", async () => {
    const { page, frame } = opened;
    await setStyle(page, "light");
    await page.setViewportSize({ width: 390, height: 844 });
    const signs = { vms: "[data-vm=web1]", backups: "[data-backup]", activity: "[data-job-row]" };
    for (const [tab, sign] of Object.entries(signs)) {
      await goTo(page, bed, `/${tab}`);
      await frame.locator(sign).first().waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      const overflow = await page
        .frame({ name: "cockpit1:localhost/backup" })
        .evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0, `${tab} is not wider than the screen`);
      await shot(page, `${tab}-narrow`);
    }
  });

  test("a telephone's width: the dialogs", async () => {
    const { page, frame } = opened;
    await goTo(page, bed, "/backups");
    await frame.locator("[data-backup]").first().waitFor();
    for (const [name, open, there] of dialogs) {
      await open(frame);
      await there(frame.getByRole("dialog")).first().waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `${name}-narrow`);
      await page.keyboard.press("Escape");
      await frame.getByRole("dialog").waitFor({ state: "detached" });
    }
  });

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});

describe("accessibility: where there is nothing yet", () => {
  let bed;
  before(async () => (bed = await startScenario(emptyHost())));
  after(() => bed?.close());

  test("each tab says so", async () => {
    const { page, frame } = await openPage(bed);
    await frame.getByRole("heading", { name: "No virtual machines" }).waitFor();
    await settled(page, frame);
    assert.deepEqual(await violations(page), []);
    await shot(page, "vms-empty");
    await goTo(page, bed, "/backups");
    await frame.getByRole("heading", { name: "No backups yet" }).waitFor();
    await settled(page, frame);
    assert.deepEqual(await violations(page), []);
    await goTo(page, bed, "/activity");
    await frame.getByRole("heading", { name: "No jobs yet" }).waitFor();
    await settled(page, frame);
    assert.deepEqual(await violations(page), []);
  });
});

describe("languages", () => {
  let bed;
  before(async () => (bed = await startScenario(busyHost(), { language: "pt-BR" })));
  after(() => bed?.close());

  test("the page in Brazilian Portuguese", async () => {
    const { page, frame, problems } = await openPage(bed);
    await frame.locator("[data-vm=web1]").waitFor();
    await frame.getByRole("button", { name: "Fazer backup das selecionadas" }).waitFor();
    assert.match(await frame.locator("[data-vm=web1]").innerText(), /Em execução[^]*6,4 GB[^]*ontem/);
    await frame.locator("[data-job]").getByText(/48 GB de 96 GB/).first().waitFor();
    await settled(page, frame);
    await shot(page, "vms-pt_BR");
    await goTo(page, bed, "/backups");
    await frame.getByRole("button", { name: "Exportar selecionados" }).waitFor();
    await settled(page, frame);
    assert.deepEqual(await violations(page), []);
    await shot(page, "backups-pt_BR");
    assert.deepEqual(problems, []);
  });
});
