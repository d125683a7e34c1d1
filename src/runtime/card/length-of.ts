import type { Dimension } from "#/graph/dimensions.ts";
import { BugError } from "#/lib/errors.ts";

/** What the names of a graph's inputs stand for in a run. */
export type Lengths = Readonly<Record<string, number>>;

/** The operators of `dimensions.ts`, those that bind least first. */
const binary = [
  ["+", (a: number, b: number): number => a + b],
  ["*", (a: number, b: number): number => a * b],
  ["/", (a: number, b: number): number => a / b],
] as const;

/**
 * How long an axis is in a run. A name that stands for nothing is of what a run may have next to nothing of: it counts 1.
 *
 * @throws BugError where it is no expression of `dimensions.ts`
 */
export function lengthOf(dim: Dimension, lengths: Lengths): number {
  const text = String(dim);
  if (/^-?\d+$/.test(text)) return Number(text);
  if (/^[A-Za-z_]\w*$/.test(text)) return lengths[text] ?? 1;
  for (const [operator, apply] of binary) {
    const at = outside(text, operator);
    if (at !== undefined)
      return apply(lengthOf(text.slice(0, at), lengths), lengthOf(text.slice(at + 1), lengths));
  }
  const [, name, inner] = /^(floor|ceil|)\((.*)\)$/.exec(text) ?? [];
  if (inner === undefined) throw new BugError(`Nothing is known of ${text}, the length of an axis.`);
  const value = lengthOf(inner, lengths);
  return name === "floor" ? Math.floor(value) : name === "ceil" ? Math.ceil(value) : value;
}

/** The last place of an operator that is in no parentheses. */
function outside(text: string, operator: string): number | undefined {
  let depth = 0;
  for (let at = text.length - 1; at > 0; at -= 1) {
    if (text[at] === ")") depth += 1;
    if (text[at] === "(") depth -= 1;
    if (depth === 0 && text[at] === operator) return at;
  }
  return undefined;
}
