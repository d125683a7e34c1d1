import { RequestError } from "#/lib/errors.ts";
import { type KnownVectors, namesEmbedding } from "./embedded-words.ts";
import { parseEmphasis } from "./emphasis.ts";
import { countSections } from "./sections.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Fields whose texts are drawn. */
export type PromptField = "prompt" | "negative_prompt";

/** What a text may hold; no real one comes near to any of it, and each is what costs time or memory. */
export const textLimits = {
  /** Brackets around a word. */
  depth: 100,
  /** How much a word may weigh, below and above zero: beyond, float32 overflows on the way through the network. */
  weight: 1e26,
  /** Characters without a blank between them. */
  word: 50_000,
  /** Accents and characters without a form, one after the other: no language writes more than a few. */
  marks: 200,
  /** Sections of 75 tokens of all texts of one side: each costs two runs of an encoder, and room in every step. */
  sections: 1024,
} as const;

/** Everything that combines with what stands before it, and what the tokenizer's cleaning takes out between two such. */
const marks = /[[\p{M}\p{C}\ufffd]--[\t\n\r]]+/gv;

/**
 * Refuses a text that no encoder should be asked for: words under too many brackets, or of a weight that makes numbers
 * without end, or of a length that is no word's.
 *
 * @throws RequestError `invalid-value`
 */
export function checkText(text: string, field: PromptField): void {
  for (const [run] of text.matchAll(/\S+/g)) {
    if (run.length <= textLimits.word) continue;
    const says = `has ${run.length} characters without a blank; ${textLimits.word} is the limit`;
    throw refusedText(field, says, "put blanks between its words", run);
  }
  for (const [run] of text.matchAll(marks)) {
    if (run.length <= textLimits.marks) continue;
    const says = `has ${run.length} accents or characters without a form in a row; ${textLimits.marks} is the limit`;
    throw refusedText(field, says, "take some of them out", run);
  }
  for (const { text: word, weight, depth } of parseEmphasis(text)) {
    if (depth > textLimits.depth) {
      const says = `has a word under ${depth} brackets; ${textLimits.depth} is the limit`;
      throw refusedText(field, says, "write \\( and \\) for brackets that are meant as such", word);
    }
    if (!(Math.abs(weight) <= textLimits.weight)) {
      const most = textLimits.weight;
      const says = `gives a word the weight ${Number(weight.toPrecision(4))}; ${-most} to ${most} is the limit`;
      throw refusedText(field, says, "weights between 0.5 and 1.5 are usual", word);
    }
  }
}

/** Bytes that a section surely takes: 68 tokens of a byte at least, and cleaning makes three bytes of one at most. */
const leastBytes = 22;

/**
 * Refuses texts that take more sections than there is room for. Of texts of ordinary length nothing is counted.
 *
 * @param texts     one side's, all of which {@link checkText} has passed
 * @param tokenizer called only if it is needed
 * @param vectors   of textual inversions, once they are known
 * @throws RequestError `invalid-value`
 */
export function checkSections(
  texts: readonly string[],
  field: PromptField,
  tokenizer: () => Tokenizer,
  vectors?: KnownVectors,
): void {
  const { sections } = textLimits;
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const isShort = texts.length + Math.ceil(bytes / leastBytes) <= sections;
  if (isShort && !texts.some(namesEmbedding)) return;
  if (texts.length <= sections && countSections(texts, tokenizer(), sections, vectors) <= sections) return;
  const says = `takes more than ${sections} sections of 75 tokens with its wildcards and styles`;
  throw refusedText(field, says, "shorten it or take fewer styles", texts[0] ?? "");
}

/** The sentence of all these refusals: field, what it has, the bound, the way out. */
export function refusedText(field: PromptField, says: string, way: string, value: string): RequestError {
  return new RequestError("invalid-value", `${field} ${says}: ${way}.`, {
    field,
    value: value.slice(0, 100),
  });
}
