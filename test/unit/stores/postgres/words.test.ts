import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { escaped, unescaped } from "#/stores/postgres/escaped.ts";
import { tokens, wordsTsquery, wordsVector } from "#/stores/postgres/words.ts";

/** What SQLite's index makes of a text, in its order. */
function sqliteTokens(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const database = new Database(":memory:");
  database.run(
    `CREATE VIRTUAL TABLE words USING fts5 (prompt, tokenize = "unicode61 remove_diacritics 2")`,
  );
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

test("every character is to Postgres' index what it is to SQLite's", () => {
  const texts: string[] = [];
  for (let code = 1; code < 0x1_0000; code += 1)
    if ((code < 0xd800 || code > 0xdfff) && /\p{Assigned}/u.test(String.fromCodePoint(code)))
      texts.push(`a${String.fromCodePoint(code)}b`);
  const sqlite = sqliteTokens(texts);
  const other = texts.filter((text) => {
    const ours = tokens(text).join(" ");
    return ours !== (sqlite.get(text) ?? []).join(" ");
  });
  console.log(texts.length, other.length, other.slice(0, 400).map((t) => `${t} U+${t.codePointAt(1)?.toString(16)} ${tokens(t).join("|")} / ${sqlite.get(t)?.join("|")}`).join("\n"));
});
