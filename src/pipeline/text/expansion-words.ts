import { createGpt2Tokenizer, type Gpt2Tokenizer } from "./gpt2-tokenizer.ts";

/** The texts beside prompt expansion's model: GPT-2's merge list, and the words that it may add, one a line. */
export type ExpansionTexts = Readonly<{ merges: string; words: string }>;

/** What expansion writes with: the tokens that may be drawn, in ascending order, the comma among them. */
export type ExpansionWords = Readonly<{ tokenizer: Gpt2Tokenizer; candidates: readonly number[] }>;

/** `,` in every vocabulary of this kind: the byte's place. */
export const commaToken = 11;

/** Words that are no single token behind a blank cannot be drawn. */
export function expansionWords({ merges, words }: ExpansionTexts): ExpansionWords {
  const tokenizer = createGpt2Tokenizer(merges);
  const ids = words
    .split(/\r\n|\n|\r/)
    .filter((word) => word !== "")
    .flatMap((word) => tokenizer.idOfWord(word.toLowerCase()) ?? []);
  return { tokenizer, candidates: [...new Set([commaToken, ...ids])].sort((a, b) => a - b) };
}

const apart = [" .", " ?", " !", " ,", " n't", " 'm", " 's", " 've", " 're"] as const;

/** Text as it is usually written: no blank before punctuation and what an apostrophe joins. */
export function withoutGaps(text: string): string {
  let joined = text;
  for (const gap of apart) {
    if (gap === " n't") joined = joined.replaceAll(" ' ", "'");
    joined = joined.replaceAll(gap, gap.slice(1));
  }
  return joined;
}
