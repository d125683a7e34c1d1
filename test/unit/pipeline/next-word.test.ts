import { expect, test } from "bun:test";
import { expansionWords, withoutGaps } from "#/pipeline/text/expansion-words.ts";
import { createGpt2Tokenizer } from "#/pipeline/text/gpt2-tokenizer.ts";
import { nextWord } from "#/pipeline/text/next-word.ts";
import { drawOutcome } from "#/sampling/noise/multinomial.ts";

test("what was used is barred but for the comma, before the hundred best are taken", () => {
  const scored = Array.from({ length: 150 }, (_, at) => ({ token: at + 11, score: 150 - at }));
  const chances = nextWord(scored, new Set([11, 12, 13]), 11);
  expect([...chances.keys()]).toEqual([11, ...Array.from({ length: 99 }, (_, at) => at + 14)]);
  expect([...chances.values()].reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 5);
  // Equal scores at the edge are all kept.
  const equal = scored.map(({ token }) => ({ token, score: 0 }));
  expect(nextWord(equal, new Set(), 11).size).toBe(150);
});

test("where everything was used the comma is left", () => {
  const scored = [11, 20, 21].map((token) => ({ token, score: token }));
  const chances = nextWord(scored, new Set([11, 20, 21]), 11);
  expect(chances.get(11)).toBe(1);
  expect(chances.get(21)).toBe(0);
});

test("an outcome is drawn by the first of exponential times, one for each outcome there is", () => {
  const uniforms = [0.5, 0.1, 0.9, 0.2];
  let drawn = 0;
  const random = { double: () => uniforms[drawn++] ?? 0 };
  // -ln(1 - u): 0.69, 0.105, 2.3, 0.22; shares 0.43, none, 0.13, 1.8
  expect(
    drawOutcome(
      new Map([
        [0, 0.3],
        [2, 0.3],
        [3, 0.4],
      ]),
      4,
      random,
    ),
  ).toBe(3);
  expect(drawn).toBe(4);
});

test("GPT-2's pieces: blanks belong to the word behind them, small contractions stand alone", () => {
  const { encode, decode } = createGpt2Tokenizer("#version: 0.2\n\u0120 c\n\u0120c a\n\u0120ca t\n");
  expect(encode("a cat,")).toEqual([64, 258, 11]);
  expect(encode("cat")).toEqual([66, 64, 83]);
  for (const text of ["it's  WE'RE 12 cats\n\n", "über 猫 🐈 ", " cat", ""])
    expect(decode(encode(text))).toBe(text);
  expect(decode([64, 999, 258])).toBe("a cat");
  expect(decode([160])).toBe("\ufffd");
});

test("words that are one token behind a blank may be drawn, in whatever case the list has them", () => {
  const merges = "#version: 0.2\n\u0120 c\n\u0120c a\n\u0120ca t\n";
  expect(expansionWords({ merges, words: "CAT\r\n\r\ndog\na\nc\n" }).candidates).toEqual([11, 256, 258]);
});

test("blanks before punctuation and contractions go", () => {
  expect(withoutGaps("a cat , it 's red ! do n't , they 're . o ' clock ?")).toBe(
    "a cat, it's red! don't, they're. o'clock?",
  );
});
