/** Scripts that are written without blanks: each sign is a word of its own, and several are looked for in their order. */
const signs = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

/** A text as the index of words takes it. */
export const indexedText = (text: string): string => text.replace(signs, " $& ");

/** Characters and words of a search that count; what is behind them would only make it slow. */
const mostText = 1000;
const mostWords = 32;

/**
 * What a person types as a question to FTS5 (https://www.sqlite.org/fts5.html, section 3): every word must be there, in any
 * order, and each may go on. Nothing of it is read as an operator.
 *
 * @returns undefined where there is no word in it
 */
export function wordsQuery(typed: string): string | undefined {
  const words = typed
    .slice(0, mostText)
    .replaceAll("\0", " ")
    .split(/[\s"]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, mostWords);
  if (words.length === 0) return undefined;
  return words.map((word) => `"${indexedText(word).trim()}"*`).join(" AND ");
}
