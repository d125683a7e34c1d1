/** Scripts that are written without blanks: each sign is a word of its own, and several are looked for in their order. */
const signs = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

/** A text as the index of words takes it. */
export const indexedText = (text: string): string => text.replace(signs, " $& ");

/** Characters and words of a search that count; what is behind them would only make it slow. */
const mostText = 1000;
const mostWords = 32;

const counting = (typed: string): string => typed.slice(0, mostText).replaceAll("\0", " ");

/**
 * What is looked for as it stands, since there is no word in it that the index could know: a sign, an emoji.
 *
 * @returns `text`, and how it is spelt in JSON that leaves such signs as they are, and in JSON of ASCII alone (Python's); undefined for blanks
 */
export function signsQuery(typed: string): Readonly<{ text: string; spelt: readonly string[] }> | undefined {
  const text = counting(typed).trim();
  if (text === "") return undefined;
  const json = JSON.stringify(text).slice(1, -1);
  const ascii = json.replace(beyondAscii, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return { text, spelt: [json, ascii] };
}

/** By units of UTF-16, which is what JSON's escapes are of. */
const beyondAscii = /[^ -~]/g;

/** The words of what a person types, as far as they count. */
export const wordsIn = (typed: string): readonly string[] =>
  counting(typed)
    .split(/[\s"]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, mostWords);

/**
 * What a person types as a question to FTS5 (https://www.sqlite.org/fts5.html, section 3): every word must be there, in any
 * order, and each may go on. Nothing of it is read as an operator.
 *
 * @returns undefined where there is no word in it
 */
export function wordsQuery(typed: string): string | undefined {
  const words = wordsIn(typed);
  if (words.length === 0) return undefined;
  return words.map((word) => `"${indexedText(word).trim()}"*`).join(" AND ");
}
