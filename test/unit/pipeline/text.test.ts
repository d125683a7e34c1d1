import { expect, test } from "bun:test";
import { joined as joinedTexts } from "#/pipeline/stages/encode-text.ts";
import { applyWeights } from "#/pipeline/text/apply-weights.ts";
import { parseEmphasis } from "#/pipeline/text/emphasis.ts";
import { sectionsOf } from "#/pipeline/text/sections.ts";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";

const tokenizer = createTokenizer();

/** Ids that openai/clip-vit-large-patch14's own tokenizer gives. */
const known: readonly (readonly [string, string])[] = [
  ["a photo of a cat", "320 1125 539 320 2368"],
  ["A red circle above a blue square", "320 736 7117 4348 320 1746 3999"],
  ["it's 2024, isn't it?", "585 568 273 271 273 275 267 2923 713 585 286"],
  ["masterpiece, best quality, 1girl", "12066 267 949 3027 267 272 1611"],
  ["Ünïcödé 猫", "6522 77 35689 66 7255 67 4166 163 234 360"],
  ["!!!", "995"],
  ["a!b", "320 256 321"],
  ["(hello)", "263 3306 264"],
  ["", ""],
];
for (const [text, ids] of known)
  test(`tokens of ${JSON.stringify(text)}`, () => expect(tokenizer(text).join(" ")).toBe(ids));

test("emoji, control characters and very long words give tokens of the vocabulary", () => {
  for (const text of ["😀👩‍🚀", "a\u0000b\u200b", "x".repeat(500), "\ud800", "ﬁ ﷺ 𝒳"]) {
    for (const id of tokenizer(text)) expect(id >= 0 && id < 49406).toBe(true);
  }
});

test("emphasis: brackets, numbers, nesting, escapes and what is left open", () => {
  const spans = (prompt: string) =>
    parseEmphasis(prompt).map(({ text, weight }) => [text, Number(weight.toFixed(4))]);
  expect(spans("a (cat:1.3) on ((red)) mat")).toEqual([
    ["a ", 1],
    ["cat", 1.3],
    [" on ", 1],
    ["red", 1.21],
    [" mat", 1],
  ]);
  expect(spans("((a:1.2) b)")).toEqual([
    ["a", 1.2],
    [" b", 1.1],
  ]);
  expect(spans("(a (b:0.8) c:1.5)")).toEqual([
    ["a ", 1.5],
    ["b", 0.8],
    [" c", 1.5],
  ]);
  expect(spans("(a:b:0.5)")).toEqual([["a:b", 0.5]]);
  expect(spans("(:1.2)")).toEqual([[":1.2", 1.1]]);
  expect(spans("\\(a\\)")).toEqual([["(a)", 1]]);
  expect(spans("a (b")).toEqual([
    ["a ", 1],
    ["(b", 1],
  ]);
});

test("sections have 77 places, each encoder's own padding, and move short words whole", () => {
  const [first] = sectionsOf("a cat", tokenizer);
  expect(first?.l.slice(0, 5)).toEqual([49406, 320, 2368, 49407, 49407]);
  expect(first?.g.slice(0, 5)).toEqual([49406, 320, 2368, 49407, 0]);
  const long = sectionsOf(Array.from({ length: 80 }, () => "cat").join(" "), tokenizer);
  expect(long.map(({ l }) => l.length)).toEqual([77, 77]);
  expect(long[0]?.l[76]).toBe(49407);
  expect(long[1]?.l.slice(0, 7)).toEqual([49406, 2368, 2368, 2368, 2368, 2368, 49407]);
  expect(sectionsOf("", tokenizer)).toHaveLength(1);
});

test("weights move a token away from the empty text and keep the mean", () => {
  const hidden = { dims: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const empty = { dims: [1, 2, 2], data: Float32Array.of(1, 1, 1, 1) };
  const { data } = applyWeights(hidden, empty, [1, 2]);
  const raw = [1, 2, 5, 7];
  const ratio = 2.5 / (15 / 4);
  for (const [i, value] of raw.entries()) expect(data[i]).toBeCloseTo(value * ratio, 5);
});

test("several texts: contexts joined, the first pooled vectors summed", () => {
  const one = (value: number) => ({
    context: { dims: [1, 1, 2], data: Float32Array.of(value, value) },
    pooled: { dims: [1, 1], data: Float32Array.of(value) },
  });
  const joined = joinedTexts([1, 2, 4].map(one), 2);
  expect([...joined.context.data]).toEqual([1, 1, 2, 2, 4, 4]);
  expect(joined.context.dims).toEqual([1, 3, 2]);
  expect([...joined.pooled.data]).toEqual([3]);
});
