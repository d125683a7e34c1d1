/** The emphasis grammar as it was first written down: by recursion and by cutting, and so quadratic. Kept as the measure. */
export function plainEmphasis(prompt: string): readonly Readonly<{ text: string; weight: number }>[] {
  const guarded = prompt.replaceAll("\\)", "\uE001").replaceAll("\\(", "\uE000");
  return weighted(guarded, 1).map(({ text, weight }) => ({
    text: text.replaceAll("\uE001", ")").replaceAll("\uE000", "("),
    weight,
  }));
}

function weighted(text: string, current: number): { text: string; weight: number }[] {
  return topLevel(text).flatMap((item) => {
    if (!(item.length >= 2 && item.startsWith("(") && item.endsWith(")")))
      return [{ text: item, weight: current }];
    const inner = item.slice(1, -1);
    const colon = inner.lastIndexOf(":");
    const written = colon > 0 ? readNumber(inner.slice(colon + 1)) : undefined;
    return written === undefined ? weighted(inner, current * 1.1) : weighted(inner.slice(0, colon), written);
  });
}

function readNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return undefined;
  return Number(trimmed.replaceAll("_", ""));
}

/** Cuts a text into groups with their brackets and what stands between them. */
function topLevel(text: string): string[] {
  const items: string[] = [];
  let item = "";
  let depth = 0;
  for (const c of text) {
    if (c === "(") {
      if (depth === 0) {
        if (item !== "") items.push(item);
        item = "(";
      } else item += c;
      depth += 1;
    } else if (c === ")") {
      depth -= 1;
      item += c;
      if (depth === 0) {
        items.push(item);
        item = "";
      }
    } else item += c;
  }
  if (item !== "") items.push(item);
  return items;
}
