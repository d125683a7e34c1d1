import { expect, test } from "bun:test";
import { sectionsOf } from "#/pipeline/text/sections.ts";
import { createTokenizer, endToken, startToken } from "#/pipeline/text/tokenizer.ts";
import rows from "./text/tokens.json";

const tokenizer = createTokenizer();

test("odd texts are cut as transformers cuts them", () => {
  expect(rows.length).toBe(200);
  const wrong = rows.filter(({ text, ids }) => tokenizer(text).join() !== ids.join());
  expect(wrong.map(({ text, ids }) => ({ text, ids, found: tokenizer(text) }))).toEqual([]);
});

test("a word of eight tokens fills its section and goes on in the next; one of seven moves whole", () => {
  // Stands for any vocabulary: the word says how many tokens it has.
  const byLength = (word: string) => Array.from({ length: Number(word) }, (_, i) => 1000 * Number(word) + i);
  const cut = sectionsOf("70 (8:1.5)", byLength);
  expect(cut.map(({ l }) => l.slice(71, 77))).toEqual([
    [8000, 8001, 8002, 8003, 8004, endToken],
    Array.from({ length: 6 }, () => endToken),
  ]);
  expect(cut[1]?.l.slice(0, 5)).toEqual([startToken, 8005, 8006, 8007, endToken]);
  expect(cut[0]?.weights.slice(70)).toEqual([1, 1.5, 1.5, 1.5, 1.5, 1.5, 1]);
  expect(cut[1]?.weights.slice(0, 5)).toEqual([1, 1.5, 1.5, 1.5, 1]);
  const moved = sectionsOf("70 (7:1.5)", byLength);
  expect(moved[0]?.g.slice(70)).toEqual([70069, endToken, 0, 0, 0, 0, 0]);
  expect(moved[1]?.g.slice(0, 9)).toEqual([startToken, 7000, 7001, 7002, 7003, 7004, 7005, 7006, endToken]);
});
