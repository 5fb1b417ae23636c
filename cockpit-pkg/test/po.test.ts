import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import vm from "node:vm";

import { compareCatalogue, pageCatalogue, pageStrings, parsePo } from "../tools/po.mjs";

const folder = join(HERE, "../../po");
const names = readdirSync(folder).filter((name) => name.endsWith(".po"));

function placeholders(text: string): string[] {
  return (text.match(/\$\d+/g) ?? []).sort();
}

describe("po", () => {
  test("there is Brazilian Portuguese", () => {
    assert.ok(names.includes("pt_BR.po"));
  });

  for (const name of names) {
    const buffer = readFileSync(join(folder, name));

    test(`${name}: no text of the page is untranslated, and none is left over`, () => {
      const { missing, stale } = compareCatalogue(buffer);
      assert.deepEqual(missing, []);
      assert.deepEqual(stale, []);
    });

    test(`${name}: every translation has the places of its text`, () => {
      const translations = parsePo(buffer).translations[""] ?? {};
      for (const { msgid, msgid_plural } of pageStrings()) {
        const wanted = placeholders(msgid_plural ?? msgid);
        for (const text of translations[msgid]?.msgstr ?? []) {
          assert.deepEqual(placeholders(text), wanted, text);
        }
      }
    });

    test(`${name}: is built into what cockpit.locale() takes`, () => {
      let catalogue: Record<string, unknown> = {};
      vm.runInNewContext(pageCatalogue(buffer), { cockpit: { locale: (given: typeof catalogue) => (catalogue = given) } });
      const { "": header, ...texts } = catalogue;
      const { "plural-forms": plural, language } = header as { "plural-forms": (n: number) => unknown; language: string };
      assert.equal(language, name.slice(0, -3));
      assert.equal(Object.keys(texts).length, pageStrings().length);
      assert.equal(Number(plural(2)), 1);
    });
  }
});
