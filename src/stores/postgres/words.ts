import { indexedText, wordsIn } from "../history/search-words.ts";

/** Postgres' own bounds (https://www.postgresql.org/docs/current/textsearch-limitations.html) and some room. */
const mostPlace = 16_383;
const mostPlacesOfWord = 255;
const mostBytes = 700_000;

/** Characters of a word that count, of at most four bytes each; Postgres takes 2,046 bytes. */
const mostOfWord = 500;

/**
 * The words of a text as SQLite's `unicode61 remove_diacritics 2` sees them (https://www.sqlite.org/fts5.html, section 4.3.1):
 * letters and digits, in lower case, Latin letters without their accents. Both histories find the same by the same words,
 * whatever language the database is set to.
 */
export const tokens = (text: string): readonly string[] =>
  indexedText(text)
    .split(between)
    .map((word) => [...word].map(plain).join(""))
    .filter((word) => word !== "")
    .map((word) => (word.length <= mostOfWord ? word : [...word].slice(0, mostOfWord).join("")));

/** Accents that SQLite takes for a part of the letter before them. */
const accents =
  "\\u0300-\\u0304\\u0306-\\u030c\\u030f\\u0311\\u031b\\u0323-\\u0328\\u032d\\u032e\\u0330\\u0331";
const accent = new RegExp(`[${accents}]`);
const between = new RegExp(`[^\\p{L}\\p{N}\\p{Co}${accents}]+`, "u");

function plain(sign: string): string {
  if (accent.test(sign)) return "";
  const [letter = "", ...marks] = sign.normalize("NFD");
  if (marks.length > 0 && /[a-z]/i.test(letter)) return letter.toLowerCase();
  // Letters that look otherwise at the end of a word are the same in capitals; one that is two in capitals (ß) is itself.
  const [upper = sign, ...more] = sign === "ı" ? sign : sign.toUpperCase();
  const [lower = sign, ...others] = (more.length === 0 ? upper : sign).toLowerCase();
  return others.length === 0 ? lower : sign;
}

/** The words of a prompt with their places, as a `tsvector` is written. */
export function wordsVector(text: string): string {
  const places = new Map<string, number[]>();
  let bytes = 0;
  for (const [at, word] of tokens(text).entries()) {
    const known = places.get(word);
    if (known === undefined) {
      bytes += Buffer.byteLength(word) + 8;
      if (bytes > mostBytes) break;
      places.set(word, [Math.min(at + 1, mostPlace)]);
    } else if (known.length < mostPlacesOfWord && at < mostPlace) {
      bytes += 2;
      known.push(at + 1);
    }
  }
  return [...places].map(([word, at]) => `${quoted(word)}:${at.join(",")}`).join(" ");
}

/**
 * What a person types as a `tsquery`: every word must be there, in any order, and each may go on.
 *
 * @returns undefined where there is no word in it
 */
export function wordsTsquery(typed: string): string | undefined {
  const phrases = wordsIn(typed).flatMap((word) => {
    const parts = tokens(word);
    return parts.length === 0 ? [] : [`(${parts.map(quoted).join(" <-> ")}:*)`];
  });
  return phrases.length === 0 ? undefined : phrases.join(" & ");
}

const quoted = (word: string): string => `'${word}'`;
