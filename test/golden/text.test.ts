import { expect, test } from "bun:test";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import rows from "./text/tokens.json";

const tokenizer = createTokenizer();

test("odd texts are cut as transformers cuts them", () => {
  expect(rows.length).toBe(200);
  const wrong = rows.filter(({ text, ids }) => tokenizer(text).join() !== ids.join());
  expect(wrong.map(({ text, ids }) => ({ text, ids, found: tokenizer(text) }))).toEqual([]);
});
