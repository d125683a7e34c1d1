/** A stretch of prompt with the weight of its brackets. */
export type WeightedText = Readonly<{ text: string; weight: number }>;

/** Stand-ins for escaped brackets while groups are cut; two characters no prompt holds. */
const openSign = "\uE000";
const closeSign = "\uE001";

/**
 * The emphasis grammar of prompts: `(word)` weighs 1.1 times its surroundings, `(word:1.3)` weighs 1.3 whatever
 * surrounds it, `\(` and `\)` are brackets. There is nothing else.
 */
export function parseEmphasis(prompt: string): readonly WeightedText[] {
  const guarded = prompt.replaceAll("\\)", closeSign).replaceAll("\\(", openSign);
  return weighted(guarded, 1).map(({ text, weight }) => ({
    text: text.replaceAll(closeSign, ")").replaceAll(openSign, "("),
    weight,
  }));
}

function weighted(text: string, current: number): WeightedText[] {
  return topLevel(text).flatMap((item) => {
    if (!(item.length >= 2 && item.startsWith("(") && item.endsWith(")")))
      return [{ text: item, weight: current }];
    const inner = item.slice(1, -1);
    const colon = inner.lastIndexOf(":");
    const written = colon > 0 ? readNumber(inner.slice(colon + 1)) : undefined;
    return written === undefined ? weighted(inner, current * 1.1) : weighted(inner.slice(0, colon), written);
  });
}

/** A number as Python's `float` reads it. */
function readNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return undefined;
  return Number(trimmed.replaceAll("_", ""));
}

/** Cuts a text into groups with their brackets and what stands between them; a surplus `)` ends all grouping. */
function topLevel(text: string): string[] {
  const items: string[] = [];
  let start = 0;
  let depth = 0;
  const cut = (end: number): void => {
    if (end > start) items.push(text.slice(start, end));
    start = end;
  };
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "(") {
      if (depth === 0) cut(at);
      depth += 1;
    } else if (letter === ")") {
      depth -= 1;
      if (depth === 0) cut(at + 1);
    }
  }
  cut(text.length);
  return items;
}
