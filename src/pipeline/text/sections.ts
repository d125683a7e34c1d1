import { anyVectors, embeddedWord, type KnownVectors, type Token, wordsOf } from "./embedded-words.ts";
import { parseEmphasis } from "./emphasis.ts";
import { endToken, startToken, type Tokenizer } from "./tokenizer.ts";

/** Tokens that a text encoder sees at once, start and end included. */
export const sectionLength = 77;

/** A word of this many tokens may be cut in two; a shorter one moves whole to the next section. */
const longWord = 8;

/** What fills a section after its end token: the two encoders of SDXL differ. */
export const paddingToken = { l: endToken, g: 0 } as const;

/** 77 tokens for each encoder, and the weight of each place of either. */
export type Section = Readonly<{
  l: readonly Token[];
  g: readonly Token[];
  weights: readonly number[];
  /** Those of G, which differ where a word has vectors for one encoder alone. */
  weightsG: readonly number[];
}>;

/** What is known of words: their tokens, and which of them are vectors. */
export type Vocabulary = Readonly<{ tokenizer: Tokenizer; vectors?: KnownVectors | undefined }>;

/** One place of a section; an encoder that has nothing for it is told nothing, and its section is padded at the end. */
type Place = Readonly<{ l?: Token | undefined; g?: Token | undefined }>;
type Weighted = Place & Readonly<{ weight: number }>;

/**
 * A text as sections of 77 weighted tokens. Every word is tokenised by itself; start, end and padding weigh 1.
 *
 * @returns at least one section
 */
export const sectionsOf = (text: string, tokenizer: Tokenizer, vectors?: KnownVectors): readonly Section[] =>
  [...eachSection(text, { tokenizer, vectors })].filter((made) => made !== undefined);

/**
 * How many sections texts have together, counted no further than it takes to know that there are more than `most`.
 *
 * @param vectors of textual inversions; where they are not known yet each counts as a whole section
 * @returns the number, or `most + 1`
 */
export function countSections(
  texts: readonly string[],
  tokenizer: Tokenizer,
  most: number,
  vectors: KnownVectors = anyVectors,
): number {
  let count = 0;
  for (const text of texts) {
    for (const made of eachSection(text, { tokenizer, vectors })) {
      if (made !== undefined) count += 1;
      if (count > most) return count;
    }
  }
  return count;
}

/** {@link sectionsOf} one after the other; undefined after every word, for who wants to do something else in between. */
export function* eachSection(
  text: string,
  vocabulary: Vocabulary,
): Generator<Section | undefined, void, undefined> {
  const room = sectionLength - 2;
  let places: Weighted[] = [];
  for (const { text: item, weight } of parseEmphasis(text)) {
    for (const word of wordsOf(item)) {
      for (const group of groupsOf(word, vocabulary)) {
        for (let at = 0; at < group.length; ) {
          const left = group.length - at;
          const free = room - places.length;
          const fits = left <= free;
          const taken = fits ? left : left >= longWord ? free : 0;
          for (const place of group.slice(at, at + taken)) places.push({ ...place, weight });
          at += taken;
          if (fits) continue;
          yield padded(places);
          places = [];
        }
      }
      yield undefined;
    }
  }
  yield padded(places);
}

/** A word's places, cut as one; a textual inversion is a group of its own, and what stands behind its name another. */
function groupsOf(word: string, { tokenizer, vectors }: Vocabulary): readonly (readonly Place[])[] {
  const known: KnownVectors = vectors ?? new Map<string, never>();
  const embedded = embeddedWord(word, (name) => known.has(name));
  if (embedded === undefined) return [tokenizer(word).map((id) => ({ l: id, g: id }))];
  const { l, g } = known.get(embedded.name) ?? { l: [], g: [] };
  const own = Array.from({ length: Math.max(l.length, g.length) }, (_, at) => ({ l: l[at], g: g[at] }));
  return [own, tokenizer(embedded.rest).map((id) => ({ l: id, g: id }))];
}

/** The section of an empty text: what weighted tokens are interpolated from. */
export const emptySection = (): Section => padded([]);

function padded(places: readonly Weighted[]): Section {
  const side = (encoder: "l" | "g"): Readonly<{ tokens: readonly Token[]; weights: readonly number[] }> => {
    const own = places.filter((place) => place[encoder] !== undefined);
    const padding = Array.from({ length: sectionLength - 2 - own.length });
    return {
      tokens: [
        startToken,
        ...own.flatMap((place) => place[encoder] ?? []),
        endToken,
        ...padding.map(() => paddingToken[encoder]),
      ],
      weights: [1, ...own.map(({ weight }) => weight), 1, ...padding.map(() => 1)],
    };
  };
  const [l, g] = [side("l"), side("g")];
  return { l: l.tokens, g: g.tokens, weights: l.weights, weightsG: g.weights };
}
