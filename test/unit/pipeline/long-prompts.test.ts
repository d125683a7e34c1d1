import { expect, test } from "bun:test";
import { parseEmphasis } from "#/pipeline/text/emphasis.ts";
import { mergePairs } from "#/pipeline/text/merge.ts";
import { countSections, sectionsOf } from "#/pipeline/text/sections.ts";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import { plainEmphasis } from "../../support/old-emphasis.ts";

const tokenizer = createTokenizer();

/** Whole numbers below `end`, the same in every run. */
function dice(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % end;
  };
}

const spans = (found: ReturnType<typeof plainEmphasis>) => found.map(({ text, weight }) => [text, weight]);

test("emphasis of 40,000 random texts is what the plain grammar makes of them", () => {
  const parts = [
    "(",
    ")",
    "(",
    ")",
    ":",
    "1.2",
    ":1.3)",
    " ",
    "a",
    "\\(",
    "\\)",
    "\\",
    "😀",
    ":-.5e1)",
    ":1_0 )",
    "\n",
  ];
  const roll = dice(7);
  for (let i = 0; i < 40_000; i += 1) {
    const text = Array.from({ length: roll(24) }, () => parts[roll(parts.length)]).join("");
    const found = spans(parseEmphasis(text));
    const wanted = spans(plainEmphasis(text));
    if (JSON.stringify(found) !== JSON.stringify(wanted))
      expect({ text, found }).toEqual({ text, found: wanted });
  }
});

test("brackets: every short text of brackets, a colon, a number and a letter is cut as before", () => {
  const letters = ["(", ")", ":", "2", "a"];
  const differ: string[] = [];
  const walk = (text: string): void => {
    if (JSON.stringify(spans(parseEmphasis(text))) !== JSON.stringify(spans(plainEmphasis(text))))
      differ.push(text);
    if (text.length < 7) for (const letter of letters) walk(text + letter);
  };
  walk("");
  expect(differ).toEqual([]);
});

/** Joins by looking through the whole word for every merge: the plain way. */
function plainMerge(
  symbols: readonly string[],
  rankOf: (a: string, b: string) => number | undefined,
): readonly string[] {
  let word = [...symbols];
  for (;;) {
    let best = Number.POSITIVE_INFINITY;
    let pair: readonly [string, string] | undefined;
    for (let i = 0; i + 1 < word.length; i += 1) {
      const [a = "", b = ""] = [word[i], word[i + 1]];
      const rank = rankOf(a, b) ?? Number.POSITIVE_INFINITY;
      if (rank < best) [best, pair] = [rank, [a, b]];
    }
    if (pair === undefined) return word;
    const joined: string[] = [];
    for (let i = 0; i < word.length; i += 1) {
      if (word[i] === pair[0] && word[i + 1] === pair[1]) {
        joined.push(pair[0] + pair[1]);
        i += 1;
      } else joined.push(word[i] ?? "");
    }
    word = joined;
  }
}

test("merging by a heap gives what looking through the word for every merge gives, for any merge list", () => {
  const roll = dice(11);
  const letter = (): string => "abc"[roll(3)] ?? "a";
  for (let round = 0; round < 3000; round += 1) {
    // Any list, also one in which a merge comes before those it is made of.
    const ranks = new Map<string, number>();
    const part = (): string => Array.from({ length: 1 + roll(3) }, letter).join("");
    for (let i = 0; i < 14; i += 1) ranks.set(`${part()} ${part()}`, i);
    const rankOf = (a: string, b: string) => ranks.get(`${a} ${b}`);
    const word = Array.from({ length: 1 + roll(14) }, letter);
    expect(mergePairs([...word], rankOf)).toEqual(plainMerge(word, rankOf));
  }
});

test("a word of 16,000 letters took 14 s: the pairs that are looked at grow with the letters, not with their square", () => {
  const looks = (length: number): number => {
    const roll = dice(3);
    const letters = Array.from({ length }, () => String.fromCharCode(97 + roll(4)));
    let count = 0;
    mergePairs(letters, (a, b) => {
      count += 1;
      return a.length + b.length <= 4 ? a.length + b.length : undefined;
    });
    return count;
  };
  expect(looks(16_000)).toBeLessThanOrEqual(3 * 16_000);
  expect(looks(16_000) / looks(1000)).toBeLessThan(20);
});

test("a long word's sections are those of its tokens, cut at 75", () => {
  const word = "abcdefghij".repeat(1600);
  const tokens = tokenizer(word);
  const sections = sectionsOf(word, tokenizer);
  expect(sections.length).toBe(Math.ceil(tokens.length / 75));
  expect(sections.flatMap(({ l }, i) => l.slice(1, 1 + Math.min(75, tokens.length - 75 * i)))).toEqual([
    ...tokens,
  ]);
});

test("20,000 nested brackets took 39 s and 1.3 GB: they are cut, and their depth is known", () => {
  const deep = parseEmphasis(`${"(".repeat(20_000)}a${")".repeat(20_000)}`);
  expect(deep).toEqual([{ text: "a", weight: Number.POSITIVE_INFINITY, depth: 20_000 }]);
  const open = parseEmphasis(`${"(".repeat(30_000)}a${")".repeat(10_000)}`);
  expect(open.map(({ depth }) => depth)).toEqual([10_000]);
  expect(open[0]?.text.length).toBe(20_001);
});

test("sections are counted no further than the bound", () => {
  let words = 0;
  const counting = (word: string) => {
    words += 1;
    return tokenizer(word);
  };
  expect(countSections(["a ".repeat(100_000)], counting, 10)).toBe(11);
  expect(words).toBeLessThan(1000);
  expect(countSections(["a cat", "", "x ".repeat(80)], tokenizer, 10)).toBe(4);
});
