import { RequestError } from "#/lib/errors.ts";

/** A stretch of a prompt and how much it weighs. */
export type Weighed = Readonly<{ text: string; weight: number }>;

/** By how much a pair of brackets changes what is in it. */
const more = 1.1;

const token = /\\[()[\]\\]|\(|\[|:\s*([+-]?\.?\d[\d.]*)\s*\)|\)|\]|[^\\()[\]:]+|[\\:]/g;

/** Brackets that may be open at a time: every one costs a walk over what is in it. */
const deepest = 200;

type Open = Readonly<{ bracket: "(" | "["; from: number }>;

/**
 * A1111's grammar of emphasis: `(word)` weighs 1.1 times its surroundings, `[word]` as much less, `(word:1.3)` 1.3 times; a
 * backslash makes a bracket a letter. A bracket that is never closed reaches to the end; one that was never opened is a letter.
 *
 * @throws RequestError `invalid-value` for brackets that are too deep
 */
export function parseAttention(prompt: string): readonly Weighed[] {
  const parts: { text: string; weight: number }[] = [];
  const open: Open[] = [];
  const close = (bracket: Open["bracket"], factor: number): boolean => {
    const at = open.findLastIndex((one) => one.bracket === bracket);
    const found = open[at];
    if (found === undefined) return false;
    open.splice(at, 1);
    weigh(parts, found.from, factor);
    return true;
  };
  const letter = (text: string): void => void parts.push({ text, weight: 1 });
  for (const [text, number] of prompt.matchAll(token)) {
    if (text === "(" || text === "[") {
      if (open.length >= deepest) throw tooDeep();
      open.push({ bracket: text, from: parts.length });
    } else if (number !== undefined && Number.isFinite(Number(number))) {
      if (!close("(", Number(number))) letter(text);
    } else if (text === ")") {
      if (!close("(", more)) letter(text);
    } else if (text === "]") {
      if (!close("[", 1 / more)) letter(text);
    } else letter(text.startsWith("\\") && text.length > 1 ? text.slice(1) : text);
  }
  for (const { bracket, from } of open) weigh(parts, from, bracket === "(" ? more : 1 / more);
  return joined(parts);
}

function weigh(parts: { weight: number }[], from: number, factor: number): void {
  for (let at = from; at < parts.length; at += 1) {
    const part = parts[at];
    if (part !== undefined) part.weight *= factor;
  }
}

const tooDeep = (): RequestError =>
  new RequestError(
    "invalid-value",
    `A prompt has more than ${deepest} brackets in one another; take some out.`,
    {
      field: "prompt",
    },
  );

/** Neighbours of one weight as one stretch. */
function joined(parts: readonly Weighed[]): readonly Weighed[] {
  const all: Weighed[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (last !== undefined && last.weight === part.weight)
      all[all.length - 1] = { ...last, text: last.text + part.text };
    else all.push(part);
  }
  return all;
}

/** Stretches in our own grammar, where a weight is said with each of them and square brackets mean nothing. */
export function writeAttention(parts: readonly Weighed[]): string {
  let written = "";
  for (const { text, weight } of parts) {
    const plain = text.replaceAll("(", "\\(").replaceAll(")", "\\)");
    const isPlain = weight === 1 || plain.trim() === "";
    // A backslash that is a letter would make one of the bracket behind it.
    const apart = !isPlain && written.endsWith("\\") ? " " : "";
    written += isPlain ? plain : `${apart}(${plain}:${weightText(weight)})`;
  }
  return written;
}

const weightText = (weight: number): string => String(Number(weight.toFixed(6)));
