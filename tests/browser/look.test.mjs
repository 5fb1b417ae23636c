/* Files, Settings and Activity as they look: axe in both themes, narrow, right to left, in Portuguese. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { violations } from "./axe.mjs";
import { goTo, openPage, setStyle } from "./bed.mjs";
import { focused, inner, settled, shot } from "./look.mjs";
import { emptyHost, startScenario, wholeHost } from "./scenario.mjs";

const BROWSE = "/files?project=tree%2Fhost1%2Fdatabases&path=%2Fsrv%2Fdata";

/* Each view: its address, and what shows that it is there. */
const views = {
  files: ["/files", (frame) => frame.locator("[data-tree]").first()],
  browse: [BROWSE, (frame) => frame.locator("[data-entry=archive]")],
  settings: ["/settings", (frame) => frame.locator("[data-schedule=vms]")],
  activity: ["/activity", (frame) => frame.locator("[data-event]").first()],
};
/* Those that accessibility.test.mjs looks at. */
const others = {
  vms: ["/vms", (frame) => frame.locator("[data-vm]").first()],
  backups: ["/backups", (frame) => frame.locator("[data-backup]").first()],
};
/* Each dialog: its view, the button that opens it, and the last that comes in it. */
const dialogs = {
  "files-form": ["files", "Back up files", (dialog) => dialog.getByLabel("Generations kept")],
  "files-restore": ["browse", "Restore this directory", (dialog) => dialog.getByRole("button", { name: "Restore", exact: true, disabled: false })],
  "settings-schedule": ["settings", "Add a schedule", (dialog) => dialog.getByRole("combobox", { name: "How often" })],
};

async function go(page, bed, frame, name) {
  const [address, sign] = { ...views, ...others }[name];
  await goTo(page, bed, address);
  await sign(frame).waitFor();
}

/** What sticks out of the page sideways, as selectors. */
function overflowing(page) {
  return inner(page).evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const scrolls = (element) => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(element).overflowX);
    const out = [...document.querySelectorAll("main *")].filter((element) => {
      const { left, right, width } = element.getBoundingClientRect();
      let parent = element.parentElement;
      while (parent !== null && !scrolls(parent)) {
        parent = parent.parentElement;
      }
      return width > 1 && (left < -1 || right > clientWidth + 1) && (parent === null || parent.tagName === "MAIN" || parent === document.body);
    });
    return { wider: scrollWidth - clientWidth, out: out.map((element) => element.className || element.tagName) };
  });
}

describe("look", () => {
  let bed;
  let opened;
  before(async () => {
    bed = await startScenario(wholeHost());
    opened = await openPage(bed);
  });
  after(() => bed?.close());

  for (const style of ["light", "dark"]) {
    for (const name of Object.keys(views)) {
      test(`${name}, ${style}`, async () => {
        const { page, frame } = opened;
        await go(page, bed, frame, name);
        await setStyle(page, style);
        if (name === "activity") {
          await frame.getByRole("button", { name: "Verify in full" }).click();
          await frame.locator("[data-verdict=genesis]").waitFor();
        }
        await settled(page, frame);
        assert.deepEqual(await violations(page), []);
        await shot(page, `${name}-${style}`);
      });
    }
    for (const [name, [view, opens, last]] of Object.entries(dialogs)) {
      test(`the dialog ${name}, ${style}; Escape closes it and focus comes back`, async () => {
        const { page, frame } = opened;
        await go(page, bed, frame, view);
        const button = frame.getByRole("button", { name: opens });
        await button.and(frame.locator(":enabled")).focus();
        await page.keyboard.press("Enter");
        const dialog = frame.getByRole("dialog");
        await last(dialog).waitFor();
        await settled(page, frame);
        assert.deepEqual(await violations(page), []);
        await shot(page, `dialog-${name}-${style}`);
        await page.keyboard.press("Escape");
        await dialog.waitFor({ state: "detached" });
        await focused(frame, button);
      });
    }
  }

  for (const [what, width] of [["a telephone", 390], ["a desk", 1400]]) {
    test(`right to left, on ${what}: nothing sticks out`, async () => {
      const { page, frame } = opened;
      await setStyle(page, "light");
      await page.setViewportSize({ width, height: 900 });
      for (const direction of ["ltr", "rtl"]) {
        for (const name of Object.keys({ ...views, ...others })) {
          await go(page, bed, frame, name);
          await inner(page).evaluate((dir) => (document.documentElement.dir = dir), direction);
          await settled(page, frame);
          assert.deepEqual(await overflowing(page), { wider: 0, out: [] }, `${name} ${direction}`);
          if (width < 400 && direction === "ltr") {
            assert.deepEqual(await violations(page), []);
          }
          await shot(page, `${name}-${width}-${direction}`);
        }
      }
      await inner(page).evaluate(() => (document.documentElement.dir = "ltr"));
      await page.setViewportSize({ width: 1400, height: 1000 });
    });
  }

  test("nothing went wrong in the page meanwhile", () => {
    assert.deepEqual(opened.problems, []);
  });
});

describe("look: where there is nothing yet", () => {
  let bed;
  before(async () => (bed = await startScenario(emptyHost())));
  after(() => bed?.close());

  test("each tab says so, and what to do", async () => {
    const { page, frame } = await openPage(bed);
    const headings = { files: "No files are backed up yet", settings: "Nothing is scheduled", activity: "No events yet" };
    for (const [name, heading] of Object.entries(headings)) {
      await goTo(page, bed, `/${name}`);
      await frame.getByRole("heading", { name: heading }).waitFor();
      await settled(page, frame);
      assert.deepEqual(await violations(page), []);
      await shot(page, `${name}-empty`);
    }
  });
});

describe("look: in Brazilian Portuguese", () => {
  let bed;
  before(async () => (bed = await startScenario(wholeHost(), { language: "pt-BR" })));
  after(() => bed?.close());

  test("files, settings and activity", async () => {
    const { page, frame, problems } = await openPage(bed);
    const signs = { files: /Completo a cada 7 dias, 4 gerações mantidas/, browse: /Restaurar este diretório/, settings: /Todos os dias às 02:00/, activity: /Configuração alterada/ };
    for (const [name, sign] of Object.entries(signs)) {
      await go(page, bed, frame, name);
      await settled(page, frame);
      await frame.locator("main").getByText(sign).first().waitFor();
      await shot(page, `${name}-pt_BR`);
    }
    assert.deepEqual(problems, []);
  });
});
