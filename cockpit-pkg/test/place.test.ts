import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { actionsOfPlace, placeText, recallPlace, rememberPlace } from "../src/state/place";
import { createStore } from "../src/state/store";
import { aBackup, aVm } from "./fakes";

function memory() {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  };
}

describe("place", () => {
  test("a page that is loaded anew is where it was", () => {
    const before = createStore();
    const vm = aVm();
    const backup = aBackup();
    const id = `${backup.project_id}/${backup.id}`;
    before.dispatch({ type: "vms-items", items: [vm] });
    before.dispatch({ type: "vms-select", uuids: [vm.uuid], selected: true });
    before.dispatch({ type: "vms-search", search: "web" });
    before.dispatch({ type: "vms-sort", sort: { by: "size", descending: true } });
    before.dispatch({ type: "backups-search", search: "base" });
    before.dispatch({ type: "backups-paging", paging: { page: 2, perPage: 20 } });
    before.dispatch({ type: "backups-select", ids: [id], selected: true });
    const kept = memory();
    rememberPlace(before, kept);

    const again = createStore();
    recallPlace(again, kept);
    assert.equal(placeText(again.get()), placeText(before.get()));

    /* Machines come in several pieces; only after the last is one that was not named gone. */
    again.dispatch({ type: "vms-opened" });
    again.dispatch({ type: "vms-items", items: [aVm({ uuid: "another" })] });
    again.dispatch({ type: "vms-items", items: [vm] });
    again.dispatch({ type: "vms-listed", unusedImages: [] });
    assert.deepEqual([...again.get().vms.selected], [vm.uuid]);
    again.dispatch({ type: "vms-opened" });
    again.dispatch({ type: "vms-listed", unusedImages: [] });
    assert.equal(again.get().vms.selected.size, 0);
  });

  test("what is no place changes nothing", () => {
    for (const text of [null, "", "{", "null", "[]", "{}", '{"vms":{},"backups":{}}']) {
      assert.deepEqual(actionsOfPlace(text), []);
    }
  });

  test("no names of what there is are kept but of what was chosen", () => {
    const store = createStore();
    store.dispatch({ type: "vms-items", items: [aVm()] });
    assert.ok(!placeText(store.get()).includes(aVm().name));
  });
});
