/* The page and the helper speak one language: the browser's. */
import { after, before, describe, test } from "node:test";

import { goTo, openPage, startBed } from "./bed.mjs";

describe("language", () => {
  let bed;
  before(async () => {
    bed = await startBed({
      language: "pt-BR",
      settings: { connect_uri: "qemu:///system?socket=/nonexistent/libvirt-sock" },
    });
  });
  after(() => bed?.close());

  test("the page's own title, and the helper's own sentence below it", async () => {
    const { page, frame } = await openPage(bed);
    await goTo(page, bed, "/vms");
    await frame.getByRole("heading", { name: "O libvirt não responde" }).waitFor();
    await frame.getByText(/O libvirt não responde em qemu:\/\/\/system\?socket=.*está instalado \(libvirt-daemon-system\)/).waitFor();
    await page.close();
  });
});
