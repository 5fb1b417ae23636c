// node tools/extract.mjs: says which of the page's texts each po/*.po lacks.
// With --write it adds them there, empty, and removes those that are gone.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import gettextParser from "gettext-parser";

import { compareCatalogue, pageStrings, parsePo } from "./po.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "po");

for (const name of readdirSync(folder).filter((file) => file.endsWith(".po"))) {
  const path = join(folder, name);
  const buffer = readFileSync(path);
  const { missing, stale } = compareCatalogue(buffer);
  for (const { msgid } of missing) {
    console.log(`${name}: missing: ${msgid}`);
  }
  for (const { msgid } of stale) {
    console.log(`${name}: gone: ${msgid}`);
  }
  if (process.argv.includes("--write")) {
    const po = parsePo(buffer);
    const entries = (po.translations[""] ??= {});
    for (const { msgid } of stale) {
      delete entries[msgid];
    }
    for (const { msgid, msgid_plural, references } of pageStrings()) {
      const entry = (entries[msgid] ??= { msgid, msgstr: msgid_plural ? ["", ""] : [""] });
      if (msgid_plural) {
        entry.msgid_plural = msgid_plural;
      }
      const others = (entry.comments?.reference ?? "")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("cockpit-pkg/"));
      entry.comments = { ...entry.comments, reference: [...references, ...others].join("\n") };
    }
    writeFileSync(path, gettextParser.po.compile(po, { foldLength: 100, sort: false }) + "\n");
  }
}
