/** A stretch of prompt with the weight of its brackets, and how many of them are around it. */
export type WeightedText = Readonly<{ text: string; weight: number; depth: number }>;

/** Stand-ins for escaped brackets while groups are cut; two characters no prompt holds. */
const openSign = "\uE000";
const closeSign = "\uE001";

/**
 * The emphasis grammar of prompts: `(word)` weighs 1.1 times its surroundings, `(word:1.3)` weighs 1.3 whatever
 * surrounds it, `\(` and `\)` are brackets. There is nothing else. Every bracket is looked at a fixed number of times and
 * nothing recurses, so that a text may have any number of them.
 */
export function parseEmphasis(prompt: string): readonly WeightedText[] {
  const guarded = prompt.replaceAll("\\)", closeSign).replaceAll("\\(", openSign);
  return weighted(guarded).map(({ text, ...rest }) => ({
    ...rest,
    text: text.replaceAll(closeSign, ")").replaceAll(openSign, "("),
  }));
}

/** A stretch of the text that weighs the same but for the groups in it; `bracket` is the next one to look at. */
type Frame = { at: number; bracket: number; readonly end: number; readonly weight: number };

function weighted(text: string): readonly WeightedText[] {
  const brackets = bracketsOf(text);
  const found: WeightedText[] = [];
  const frames: Frame[] = [{ at: 0, bracket: 0, end: text.length, weight: 1 }];
  // A group that is never closed ends with its surroundings, which nothing follows: it takes their place.
  let unclosed = 0;
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const { at, end, weight } = frame;
    const open = nextOpening(brackets, frame);
    const opening = open === undefined ? end : (brackets.at[open] ?? end);
    const depth = frames.length - 1 + unclosed;
    if (opening > at) found.push({ text: text.slice(at, opening), weight, depth });
    if (open === undefined) {
      frames.pop();
      continue;
    }
    const partner = brackets.partner[open] ?? -1;
    const closing = partner < 0 ? end : (brackets.at[partner] ?? end);
    if (closing < end) {
      frame.at = closing + 1;
      frame.bracket = partner + 1;
      frames.push(inside(text, brackets, open, { closing, bracket: partner, weight }));
    } else if (end - opening >= 2 && text[end - 1] === ")") {
      frames.pop();
      unclosed += 1;
      frames.push(inside(text, brackets, open, { closing: end - 1, bracket: undefined, weight }));
    } else {
      found.push({ text: text.slice(opening, end), weight, depth });
      frames.pop();
    }
  }
  return found;
}

/** Where brackets stand, which they are, and each opening one's partner; -1 where it opens no group, or is never closed. */
type Brackets = Readonly<{
  at: readonly number[];
  opens: readonly boolean[];
  partner: readonly number[];
  /** Whether an opening bracket opens a group: one after surplus `)` only makes up for one of them. */
  groups: readonly boolean[];
  /** The last colon before each bracket; -1 for none. */
  colon: readonly number[];
}>;

function bracketsOf(text: string): Brackets {
  const at: number[] = [];
  const opens: boolean[] = [];
  const partner: number[] = [];
  const groups: boolean[] = [];
  const colon: number[] = [];
  const open: number[] = [];
  let surplus = 0;
  let lastColon = -1;
  for (const { index, 0: c } of text.matchAll(/[():]/g)) {
    if (c === ":") {
      lastColon = index;
      continue;
    }
    const opening = c === "(";
    const grouping = opening && surplus === 0;
    const number = at.push(index) - 1;
    opens.push(opening);
    partner.push(-1);
    colon.push(lastColon);
    groups.push(grouping);
    if (grouping) open.push(number);
    else if (opening) surplus -= 1;
    else {
      const first = open.pop();
      if (first === undefined) surplus += 1;
      else partner[first] = number;
    }
  }
  return { at, opens, partner, groups, colon };
}

function nextOpening({ at, groups }: Brackets, { bracket, end }: Frame): number | undefined {
  for (let number = bracket; number < at.length && (at[number] ?? end) < end; number += 1)
    if (groups[number] === true) return number;
  return undefined;
}

/**
 * What is inside a group: all of it, or what stands before a colon with a number.
 *
 * @param closing where its closing bracket stands
 */
function inside(
  text: string,
  brackets: Brackets,
  open: number,
  { closing, bracket, weight }: Readonly<{ closing: number; bracket: number | undefined; weight: number }>,
): Frame {
  const start = (brackets.at[open] ?? 0) + 1;
  const last = bracket ?? lastBefore(brackets, closing + 1);
  const colon = brackets.colon[last] ?? -1;
  const before = brackets.at[last - 1] ?? -1;
  // A number has no brackets in it, and something must be weighed by it.
  const written = colon > start && colon > before ? readNumber(text.slice(colon + 1, closing)) : undefined;
  return {
    at: start,
    bracket: open + 1,
    end: written === undefined ? closing : colon,
    weight: written ?? weight * 1.1,
  };
}

/** Number of the last bracket before a place. */
function lastBefore({ at }: Brackets, place: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] ?? place) < place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A number as Python's `float` reads it. */
function readNumber(text: string): number | undefined {
  const trimmed = text.trim();
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (word !== null) return word[2]?.toLowerCase() === "nan" ? Number.NaN : Number(`${word[1]}Infinity`);
  if (!/^[+-]?(\d+(_\d+)*(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return undefined;
  return Number(trimmed.replaceAll("_", ""));
}
