import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { indexedText } from "#/stores/history/search-words.ts";
import { escaped, unescaped } from "#/stores/postgres/escaped.ts";
import { tokens, wordsTsquery, wordsVector } from "#/stores/postgres/words.ts";

/** What SQLite's index makes of a text, in its order. */
function sqliteTokens(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const database = new Database(":memory:");
  database.run(`CREATE VIRTUAL TABLE words USING fts5 (prompt, tokenize = "unicode61 remove_diacritics 2")`);
  database.run("CREATE VIRTUAL TABLE places USING fts5vocab (words, instance)");
  database.transaction(() => {
    for (const [at, text] of texts.entries())
      database.query("INSERT INTO words (rowid, prompt) VALUES (?, ?)").run(at + 1, text);
  })();
  const found = new Map<string, string[]>(texts.map((text) => [text, []]));
  for (const { term, doc } of database
    .query<{ term: string; doc: number }, []>("SELECT term, doc FROM places ORDER BY doc, offset")
    .all())
    found.get(texts[doc - 1] ?? "")?.push(term);
  database.close();
  return found;
}

/** Latin, Greek, Cyrillic; Arabic; Devanagari; Thai; Hangul's parts; Latin and Greek again; punctuation; kana; Han; Hangul. */
const blocks = [
  [0x1, 0x527],
  [0x620, 0x65f],
  [0x900, 0x977],
  [0xe01, 0xe5b],
  [0x1100, 0x11ff],
  [0x1e00, 0x20b9],
  [0x3000, 0x312d],
  [0x4e00, 0x9fcc],
  [0xac00, 0xd7a3],
] as const;

/** Signs that came into Unicode after the tables of SQLite; and letters of several accents that it reads otherwise. */
const other = new Set([..."\u037f\u03f3\u065f\u2066\u2067\u2068\u2069\u01e0\u01e1\u1e9b"]);

test("every character is to Postgres' index what it is to SQLite's", () => {
  const texts = blocks.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at))
      .filter((sign) => /\p{Assigned}/u.test(sign) && !other.has(sign))
      .map((sign) => `a${sign}b`),
  );
  const sqlite = sqliteTokens(texts.map(indexedText));
  const told = (text: string, words: readonly string[] = []) =>
    `${text.codePointAt(1)?.toString(16)} ${words.join(" ")}`;
  const ours = texts.map((text) => told(text, tokens(text)));
  expect(ours).toEqual(texts.map((text) => told(text, sqlite.get(indexedText(text)))));
  expect(texts.length).toBeGreaterThan(30_000);
});

test("words are told to Postgres with their places, within its bounds, and what is typed is no operator", () => {
  expect(wordsVector("A lighthouse, a Straße")).toBe("'a':1,3 'lighthouse':2 'straße':4");
  expect(wordsTsquery('dus" OR schöne-Str & !x :* 红色')).toBe(
    "('dus':*) & ('or':*) & ('schone' <-> 'str':*) & ('x':*) & ('红' <-> '色':*)",
  );
  expect(wordsTsquery("- & 🙂")).toBeUndefined();
  const long = wordsVector("x".repeat(3000));
  expect(Buffer.byteLength(long)).toBeLessThan(2046);
  expect(wordsVector("a ".repeat(20_000)).split(",")).toHaveLength(255);
});

test("a text that Postgres cannot keep comes back as it was, and any other is kept as it is", () => {
  for (const text of ["a\0b", "\ud800", "x\udc00y", "\ufffe0000", "🙂 schön\n", "", "\udc00\ud800"]) {
    expect(unescaped(escaped(text))).toBe(text);
    expect(Buffer.from(escaped(text)).toString().isWellFormed()).toBe(true);
    expect(escaped(text)).not.toContain("\0");
  }
  expect(escaped("🙂 schön\n")).toBe("🙂 schön\n");
});
