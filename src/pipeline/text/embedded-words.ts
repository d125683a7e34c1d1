import { parseEmphasis } from "./emphasis.ts";

/** What an encoder is given in one place: the id of a token, or a vector of a textual inversion. */
export type Token = number | Float32Array;

/** The vectors of a textual inversion for each encoder; none for one that it was not made for. */
export type TextVectors = Readonly<{ l: readonly Float32Array[]; g: readonly Float32Array[] }>;

/** Vectors by what prompts call them. */
export type KnownVectors = Pick<ReadonlyMap<string, TextVectors>, "has" | "get">;

/** Vectors that a textual inversion may have: a section has no more places. */
export const mostVectors = 75;

const one = new Float32Array();
const most = Array.from({ length: mostVectors }, () => one);

/** As if every name had as many vectors as can be, to count what a text takes before its files are read. */
export const anyVectors: KnownVectors = { has: () => true, get: () => ({ l: most, g: most }) };

const mark = "embedding:";

/** Whether a text may name a textual inversion. */
export const namesEmbedding = (text: string): boolean => text.includes(mark);

/** The words of a text, cut at blanks and line ends. */
export const wordsOf = (text: string): readonly string[] => text.match(/[^ \n]+/g) ?? [];

/**
 * What a word calls a textual inversion: all that stands behind `embedding:`; where nobody knows that, the same without
 * the commas around it, and what is cut off at its end is text again.
 *
 * @returns undefined for a word that names none
 */
export function embeddedWord(
  word: string,
  isKnown: (name: string) => boolean,
): Readonly<{ name: string; rest: string }> | undefined {
  if (!word.startsWith(mark)) return undefined;
  const said = word.slice(mark.length);
  if (isKnown(said)) return { name: said, rest: "" };
  const name = said.replace(/^,+/, "").replace(/,+$/, "");
  if (name === "") return undefined;
  return { name, rest: said.slice(name.length) };
}

/** Every word of texts that names a textual inversion, as {@link embeddedWord} reads it, each name once. */
export function embeddedNames(
  texts: readonly string[],
  isKnown: (name: string) => boolean,
): readonly string[] {
  const names = texts
    .filter(namesEmbedding)
    .flatMap((text) => parseEmphasis(text))
    .flatMap(({ text }) => wordsOf(text))
    .flatMap((word) => embeddedWord(word, isKnown)?.name ?? []);
  return [...new Set(names)];
}

/** A word that has `embedding:` behind other letters, which makes it an ordinary one; undefined if there is none. */
export const gluedWord = (texts: readonly string[]): string | undefined =>
  texts
    .filter(namesEmbedding)
    .flatMap((text) => parseEmphasis(text))
    .flatMap(({ text }) => wordsOf(text))
    .find((word) => /^.*[,([<]embedding:[^\s,]/.test(word));
