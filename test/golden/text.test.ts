import { expect, test } from "bun:test";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import rows from "./text/tokens.json";

const tokenizer = createTokenizer();

/** Written down with the published vocabulary (openai/clip-vit-large-patch14), so that a wrong merge list shows. */
const published: Readonly<Record<string, readonly number[]>> = {
  "a photo of a cat": [320, 1125, 539, 320, 2368],
  "A red circle above a blue square": [320, 736, 7117, 4348, 320, 1746, 3999],
  "it's 2024, isn't it?": [585, 568, 273, 271, 273, 275, 267, 2923, 713, 585, 286],
  "masterpiece, best quality, 1girl": [12066, 267, 949, 3027, 267, 272, 1611],
  "Ünïcödé 猫": [6522, 77, 35689, 66, 7255, 67, 4166, 163, 234, 360],
  "!!!": [995],
  "a!b": [320, 256, 321],
  "(hello)": [263, 3306, 264],
};

for (const [text, ids] of Object.entries(published))
  test(`the published ids of ${text}`, () => expect([...tokenizer(text)]).toEqual([...ids]));

test("odd texts are cut as transformers cuts them", () => {
  expect(rows.length).toBe(200);
  const wrong = rows.filter(({ text, ids }) => tokenizer(text).join() !== ids.join());
  expect(wrong.map(({ text, ids }) => ({ text, ids, found: tokenizer(text) }))).toEqual([]);
});
