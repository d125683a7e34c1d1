import { parseEmphasis } from "./emphasis.ts";
import { endToken, startToken, type Tokenizer } from "./tokenizer.ts";

/** Tokens that a text encoder sees at once, start and end included. */
export const sectionLength = 77;

/** A word of this many tokens may be cut in two; a shorter one moves whole to the next section. */
const longWord = 8;

/** What fills a section after its end token: the two encoders of SDXL differ. */
export const paddingToken = { l: endToken, g: 0 } as const;

/** 77 token ids for each encoder, and the weight of each place. */
export type Section = Readonly<{ l: readonly number[]; g: readonly number[]; weights: readonly number[] }>;

/**
 * A text as sections of 77 weighted tokens. Every word is tokenised by itself; start, end and padding weigh 1.
 *
 * @returns at least one section
 */
export const sectionsOf = (text: string, tokenizer: Tokenizer): readonly Section[] =>
  [...eachSection(text, tokenizer)].filter((made) => made !== undefined);

/**
 * How many sections texts have together, counted no further than it takes to know that there are more than `most`.
 *
 * @returns the number, or `most + 1`
 */
export function countSections(texts: readonly string[], tokenizer: Tokenizer, most: number): number {
  let count = 0;
  for (const text of texts) {
    for (const made of eachSection(text, tokenizer)) {
      if (made !== undefined) count += 1;
      if (count > most) return count;
    }
  }
  return count;
}

/** {@link sectionsOf} one after the other; undefined after every word, for who wants to do something else in between. */
export function* eachSection(
  text: string,
  tokenizer: Tokenizer,
): Generator<Section | undefined, void, undefined> {
  const room = sectionLength - 2;
  let tokens: number[] = [];
  let weights: number[] = [];
  for (const { text: item, weight } of parseEmphasis(text)) {
    for (const [word] of item.matchAll(/[^ \n]+/g)) {
      const group = tokenizer(word);
      for (let at = 0; at < group.length; ) {
        const left = group.length - at;
        const free = room - tokens.length;
        const fits = left <= free;
        const taken = fits ? left : left >= longWord ? free : 0;
        for (const end = at + taken; at < end; at += 1) {
          tokens.push(group[at] ?? 0);
          weights.push(weight);
        }
        if (fits) continue;
        yield padded(tokens, weights);
        tokens = [];
        weights = [];
      }
      yield undefined;
    }
  }
  yield padded(tokens, weights);
}

/** The section of an empty text: what weighted tokens are interpolated from. */
export const emptySection = (): Section => padded([], []);

function padded(tokens: readonly number[], weights: readonly number[]): Section {
  const framed = [startToken, ...tokens, endToken];
  const padding = Array.from({ length: sectionLength - framed.length });
  const fill = (id: number): number[] => [...framed, ...padding.map(() => id)];
  return {
    l: fill(paddingToken.l),
    g: fill(paddingToken.g),
    weights: [1, ...weights, 1, ...padding.map(() => 1)],
  };
}
