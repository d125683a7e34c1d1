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
export function sectionsOf(text: string, tokenizer: Tokenizer): readonly Section[] {
  const sections: Section[] = [];
  const room = sectionLength - 2;
  let tokens: number[] = [];
  let weights: number[] = [];
  const close = (): void => {
    sections.push(padded(tokens, weights));
    tokens = [];
    weights = [];
  };
  for (const { text: item, weight } of parseEmphasis(text)) {
    for (const word of item
      .replaceAll("\n", " ")
      .split(" ")
      .filter((part) => part !== "")) {
      let group = tokenizer(word);
      while (group.length > 0) {
        const free = room - tokens.length;
        const fits = group.length <= free;
        const taken = fits ? group.length : group.length >= longWord ? free : 0;
        tokens.push(...group.slice(0, taken));
        weights.push(...group.slice(0, taken).map(() => weight));
        group = group.slice(taken);
        if (!fits) close();
      }
    }
  }
  close();
  return sections;
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
