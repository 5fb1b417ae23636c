interface PageString {
  msgid: string;
  msgid_plural?: string;
  references: string[];
}
interface Entry {
  msgid: string;
  msgstr: string[];
}
export function pageStrings(): PageString[];
export function pageCatalogue(buffer: Uint8Array): string;
export function parsePo(buffer: Uint8Array): { translations: Record<string, Record<string, Entry | undefined> | undefined> };
export function compareCatalogue(buffer: Uint8Array): { missing: PageString[]; stale: Entry[] };
