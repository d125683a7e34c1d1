import {
  checkSections,
  checkText,
  type PromptField,
  refusedText,
  textLimits,
} from "#/pipeline/text/limits.ts";
import { createTokenizer, type Tokenizer } from "#/pipeline/text/tokenizer.ts";
import type { InlineLora } from "./prompt-syntax.ts";
import type { Style } from "./styles.ts";

/** What a prompt may hold beside what each of its texts may (`pipeline/text/limits.ts`). */
export const promptLimits = {
  /** Characters of the field as it is sent. */
  characters: 250_000,
  /** Characters of all texts of one side, after wildcards and styles. */
  styledCharacters: 2_000_000,
  /** Wildcards in one text, those that their own lines name included. */
  wildcards: 1000,
} as const;

/** Makes the engine's tokenizer when a long text comes for the first time, and keeps it. */
export function lazyTokenizer(): () => Tokenizer {
  let made: Tokenizer | undefined;
  return () => {
    made ??= createTokenizer();
    return made;
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
  throw refusedText(field, `has ${text.length} characters; ${characters} is the limit`, "shorten it", text);
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
  throw refusedText("prompt", says, "shorten it or take fewer styles", main);
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
  throw refusedText(field, says, "look whether its wildcards name each other", text);
}

/** Characters that are looked at for one request: images differ in what wildcards and arrays put in, and few ask for more. */
const patience = 150_000;

/**
 * Looks at the texts of all images before anything is made. The engine does so again before it encodes them, so that what
 * is left out here, where the texts of many images are very long and all different, is still refused there.
 *
 * @param sides the texts of each image
 * @throws RequestError `invalid-value`
 */
export function checkSides(
  sides: readonly (readonly string[])[],
  field: PromptField,
  tokenizer: (() => Tokenizer) | undefined,
): void {
  const seen = new Set<string>();
  const counted = new Set<string>();
  let looked = 0;
  for (const texts of sides) {
    const key = texts.join("\n");
    if (looked > patience) return;
    if (counted.has(key)) continue;
    counted.add(key);
    looked += key.length;
    for (const text of texts) if (!seen.has(text)) checkText(text, field);
    for (const text of texts) seen.add(text);
    if (tokenizer !== undefined) checkSections(texts, field, tokenizer);
  }
}

/** @throws RequestError `invalid-value` for a `<lora:name:weight>` whose weight overflows */
export function refuseHeavyTags(loras: readonly InlineLora[]): void {
  const most = textLimits.weight;
  const heavy = loras.find(({ weight }) => Math.abs(weight) > most);
  if (heavy === undefined) return;
  const says = `gives a LoRA the weight ${heavy.weight}; ${-most} to ${most} is the limit`;
  throw refusedText("prompt", says, "weights are seldom above 2", heavy.stem);
}
