import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { setLanguage } from "../src/app/language";

/** As much of an element as is asked for; it counts what the browser would have to look at. */
function fakeElement() {
  const attributes = new Map<string, string>();
  const changes: string[] = [];
  const element = {
    lang: "",
    dir: "",
    getAttribute: (name: string) => attributes.get(name) ?? null,
    setAttribute(name: string, value: string) {
      attributes.set(name, value);
      changes.push(`${name}=${value}`);
    },
  };
  return { element, changes };
}

describe("language", () => {
  test("what the shell sets again changes nothing; another language does", () => {
    const { element, changes } = fakeElement();
    setLanguage(element as unknown as HTMLElement, "pt-BR", "ltr");
    element.lang = "pt-BR";
    element.dir = "ltr";
    assert.deepEqual(changes, ["lang=pt-BR", "dir=ltr"]);
    element.lang = "he-il";
    element.dir = "rtl";
    assert.deepEqual(changes.slice(2), ["lang=he-il", "dir=rtl"]);
    assert.equal(element.lang, "he-il");
  });
});
