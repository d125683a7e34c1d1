import { bertVocabulary } from "./bert-vocabulary.ts";

/** `[DEC]`, which BLIP put behind BERT's vocabulary to begin a caption with, and "a picture of", which every caption starts with. */
export const captionStart: readonly number[] = [30522, 1037, 3861, 1997];

/** What these become in letters, with the blank behind them. */
const start = "a picture of ";

/** `[SEP]`, which ends a caption. */
export const captionEnd = 102;

/** BERT's own, none of which is a word, and BLIP's two, which have no entry: padding, unknown, beginning, end, gap. */
const silent: ReadonlySet<string> = new Set(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);

/** What WordPiece had to set apart and English writes together, in this order, as transformers cleans up. */
const joined: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/**
 * The words of a caption's tokens: pieces that go on with a word glued to it, what is no word left out, and the beginning that
 * every caption has cut off.
 */
export function captionText(ids: readonly number[]): string {
  const pieces = bertVocabulary();
  const words = ids.flatMap((id) => {
    const piece = pieces[id];
    return piece === undefined || silent.has(piece) ? [] : [piece];
  });
  const glued = words.join(" ").replaceAll(" ##", "").trim();
  const text = joined.reduce((line, [apart, together]) => line.replaceAll(apart, together), glued);
  return text.slice(start.length).trim();
}
