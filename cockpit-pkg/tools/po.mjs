// The page's texts: which there are (read from the sources with TypeScript's own parser), and what
// a .po file says about them, in the form that cockpit.locale() takes.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import gettextParser from "gettext-parser";
import ts from "typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const pkg = join(root, "cockpit-pkg");

function sourceFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      return sourceFiles(path);
    }
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function callText(node, source) {
  if (!ts.isStringLiteralLike(node)) {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    throw new Error(`${source.fileName}:${line + 1}: only a plain string can be translated`);
  }
  return node.text;
}

function stringsOf(path) {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const found = [];

  function visit(node) {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      if (node.expression.text === "_") {
        found.push({ msgid: callText(node.arguments[0], source) });
      } else if (node.expression.text === "ngettext") {
        found.push({
          msgid: callText(node.arguments[0], source),
          msgid_plural: callText(node.arguments[1], source),
        });
      }
    }
    ts.forEachChild(node, visit);
  }
  visit(source);
  return found.map((entry) => ({ ...entry, reference: relative(root, path) }));
}

function manifestStrings() {
  const path = join(pkg, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  return Object.values(manifest.menu)
    .flatMap((item) => [item.label, ...item.keywords.flatMap((keyword) => keyword.matches)])
    .map((msgid) => ({ msgid, reference: relative(root, path) }));
}

/** Every text of the page, once: {msgid, msgid_plural?, references}. */
export function pageStrings() {
  const all = new Map();
  const found = [...sourceFiles(join(pkg, "src")).sort().flatMap(stringsOf), ...manifestStrings()];
  for (const { reference, ...entry } of found) {
    const known = all.get(entry.msgid) ?? { ...entry, references: [] };
    known.msgid_plural ??= entry.msgid_plural;
    if (!known.references.includes(reference)) {
      known.references.push(reference);
    }
    all.set(entry.msgid, known);
  }
  return [...all.values()];
}

export function parsePo(buffer) {
  return gettextParser.po.parse(buffer, { validation: false });
}

/** The catalogue's plural rule as the source of a JavaScript function. */
function pluralFunction(header) {
  const rule = /plural=([^;]+);?/.exec(header ?? "")?.[1] ?? "n != 1";
  if (!/^[n0-9 ()!=<>&|?:%]+$/.test(rule)) {
    throw new Error(`not a plural rule: ${rule}`);
  }
  return `(n) => ${rule.trim()}`;
}

/** The page's part of a .po file, as the script po.LANGUAGE.js. */
export function pageCatalogue(buffer) {
  const po = parsePo(buffer);
  const translations = po.translations[""] ?? {};
  const lines = [
    `"": {"plural-forms": ${pluralFunction(po.headers["Plural-Forms"])}, ` +
      `"language": ${JSON.stringify(po.headers.Language)}, ` +
      `"language-direction": ${JSON.stringify(po.headers["X-Language-Direction"] ?? "ltr")}}`,
  ];
  for (const { msgid } of pageStrings()) {
    const texts = translations[msgid]?.msgstr ?? [];
    if (texts.length > 0 && texts.every((text) => text !== "")) {
      lines.push(`${JSON.stringify(msgid)}: ${JSON.stringify([null, ...texts])}`);
    }
  }
  return `cockpit.locale({\n${lines.join(",\n")}\n});\n`;
}

/** Texts a catalogue lacks, and those it holds for the page that the page no longer has. */
export function compareCatalogue(buffer) {
  const translations = parsePo(buffer).translations[""] ?? {};
  const strings = pageStrings();
  const wanted = new Set(strings.map(({ msgid }) => msgid));
  const missing = strings.filter(({ msgid, msgid_plural }) => {
    const texts = translations[msgid]?.msgstr ?? [];
    const count = msgid_plural ? 2 : 1;
    return texts.length < count || texts.some((text) => text.trim() === "");
  });
  const stale = Object.values(translations).filter(
    (entry) =>
      entry.msgid !== "" &&
      /cockpit-pkg\//.test(entry.comments?.reference ?? "") &&
      !/helper\//.test(entry.comments?.reference ?? "") &&
      !wanted.has(entry.msgid),
  );
  return { missing, stale };
}
