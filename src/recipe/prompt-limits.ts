import { RequestError } from "#/lib/errors.ts";
import { parseEmphasis } from "#/pipeline/text/emphasis.ts";
import { countSections } from "#/pipeline/text/sections.ts";
import { createTokenizer, type Tokenizer } from "#/pipeline/text/tokenizer.ts";
import type { Style } from "./styles.ts";

/** Fields whose texts are drawn. */
export type PromptField = "prompt" | "negative_prompt";

/** What a prompt may hold; no real one comes near to any of it, and each is what costs time or memory. */
export const promptLimits = {
  /** Characters of the field as it is sent. */
  characters: 500_000,
  /** Characters of all texts of one side, after wildcards and styles. */
  styledCharacters: 2_000_000,
  /** Brackets around a word. */
  depth: 100,
  /** How much a word may weigh, below and above zero. */
  weight: 100,
  /** Wildcards in one text, those that their own lines name included. */
  wildcards: 1000,
  /** Sections of 75 tokens of all texts of one side: each costs two runs of an encoder, and room in every step. */
  sections: 512,
} as const;

/** Counts the sections of texts, no further than one above `most`. */
export type SectionCounter = (texts: readonly string[], most: number) => number;

/** Bytes that a section surely takes: 68 tokens of a byte at least, and cleaning makes three bytes of one at most. */
const leastBytes = 22;

/** The engine's own way to count, with a tokenizer that is made when a long text comes for the first time. */
export function sectionCounter(): SectionCounter {
  let tokenizer: Tokenizer | undefined;
  return (texts, most) => {
    // Short texts cannot have that many, whatever they say; a text has one section at least.
    const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    const surely = texts.length + Math.ceil(bytes / leastBytes);
    if (surely <= most) return surely;
    tokenizer ??= createTokenizer();
    return countSections(texts, tokenizer, most);
  };
}

/**
 * Refuses a prompt that is too long to be looked at.
 *
 * @throws RequestError `invalid-value`
 */
export function checkLength(text: string, field: PromptField): void {
  const { characters } = promptLimits;
  if (text.length <= characters) return;
  throw refused(field, `has ${text.length} characters; ${characters} is the limit`, "shorten it", text);
}

/**
 * Refuses styles that would repeat a long prompt too often.
 *
 * @throws RequestError `invalid-value`
 */
export function checkStyled(chosen: readonly Style[], main: string): void {
  const most = promptLimits.styledCharacters;
  const length = chosen.reduce(
    (sum, { prompt }) => sum + prompt.length + (prompt.split("{prompt}").length - 1) * main.length,
    0,
  );
  if (length <= most) return;
  const says = `has ${length} characters once its ${chosen.length} styles have taken it in; ${most} is the limit`;
  throw refused("prompt", says, "shorten it or take fewer styles", main);
}

/**
 * Refuses what no encoder should be asked for: words under too many brackets or of a weight that makes numbers without
 * end, and more sections than there is room for.
 *
 * @param texts one side's, as they are encoded; each is looked at once
 * @param counter leaves the sections uncounted where there is none
 * @throws RequestError `invalid-value`
 */
export function checkTexts(texts: readonly string[], field: PromptField, counter?: SectionCounter): void {
  const { depth: mostDepth, weight: mostWeight, sections } = promptLimits;
  for (const one of new Set(texts)) {
    for (const { text, weight, depth } of parseEmphasis(one)) {
      if (depth > mostDepth) {
        const says = `has a word under ${depth} brackets; ${mostDepth} is the limit`;
        throw refused(field, says, "write \\( and \\) for brackets that are meant as such", text);
      }
      if (Math.abs(weight) > mostWeight) {
        const says = `gives a word the weight ${Number(weight.toPrecision(4))}; ${-mostWeight} to ${mostWeight} is the limit`;
        throw refused(field, says, "weights between 0.5 and 1.5 are usual", text);
      }
    }
  }
  if (counter === undefined || counter(texts, sections) <= sections) return;
  const says = `takes more than ${sections} sections of 75 tokens with its wildcards and styles`;
  throw refused(field, says, "shorten it or take fewer styles", texts[0] ?? "");
}

/**
 * Refuses a text that asks for more wildcards than anybody means; files that name each other in a circle do so too.
 *
 * @throws RequestError `invalid-value`
 */
export function checkWildcards(count: number, text: string, field: PromptField): void {
  const { wildcards, styledCharacters } = promptLimits;
  if (count <= wildcards && text.length <= styledCharacters) return;
  const says = `asks for more than ${wildcards} wildcards, or for more text than ${styledCharacters} characters by them`;
  throw refused(field, says, "look whether its wildcards name each other", text);
}

function refused(field: PromptField, says: string, way: string, value: string): RequestError {
  return new RequestError("invalid-value", `${field} ${says}: ${way}.`, {
    field,
    value: value.slice(0, 100),
  });
}
