import { RequestError } from "#/lib/errors.ts";
import type { InlineLora } from "./prompt-syntax.ts";

/** Weights beyond this leave float32 on their way through the network, and the picture is no numbers. */
const heaviest = 1e26;

/** Brackets within brackets; each weighs 1.1 times its surroundings, so that even these hundred mean 14,000 times. */
const deepest = 100;

/** Every level is read on its own: this many letters in all take a moment. */
const mostWork = 20_000_000;

type PromptField = "prompt" | "negative_prompt";

/**
 * Refuses what no network can draw: weights that overflow, and brackets that are nested beyond all meaning.
 *
 * @param texts as they are encoded, after wildcards and styles
 * @throws RequestError `invalid-value` naming the field
 */
export function refuseEmphasis(texts: readonly string[], field: PromptField): void {
  for (const text of new Set(texts)) {
    const plain = text.replace(/\\[()]/g, "");
    const depth = depthOf(plain);
    if (depth > deepest || depth * plain.length > mostWork) {
      const message = `The brackets of ${field} are nested ${depth} deep; ${deepest} levels are read, fewer in a very long text. Write a weight instead: (word:1.5).`;
      throw new RequestError("invalid-value", message, { field });
    }
    for (const [, weight = ""] of plain.matchAll(/:\s*([+-]?[\d_.]+(?:e[+-]?\d+)?)\s*\)/gi))
      refuseHeavy(weight, Number(weight.replaceAll("_", "")), field);
  }
}

/** @throws RequestError `invalid-value` for a `<lora:name:weight>` whose weight overflows */
export function refuseHeavyTags(loras: readonly InlineLora[]): void {
  for (const { weight } of loras) refuseHeavy(String(weight), weight, "prompt");
}

function refuseHeavy(written: string, weight: number, field: PromptField): void {
  if (Number.isNaN(weight) || Math.abs(weight) <= heaviest) return;
  const said = written.slice(0, 40);
  const message = `The weight ${said} in ${field} is too large to be drawn; weights are seldom above 2.`;
  throw new RequestError("invalid-value", message, { field, value: said });
}

function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "(") depth += 1;
    else if (letter === ")") depth -= 1;
    if (depth > most) most = depth;
  }
  return most;
}
