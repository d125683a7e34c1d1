import { afterAll, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { Interruption, Run } from "#/pipeline/run.ts";
import { expandPrompt } from "#/pipeline/stages/expand-prompt.ts";
import { expansionWords } from "#/pipeline/text/expansion-words.ts";
import { openNetworks } from "#/runtime/models.ts";
import { expansionModel } from "../support/expansion-files.ts";
import { tinyCheckpoint } from "../support/golden.ts";
import { openWorkshop } from "../support/workshop.ts";
import cases from "./expansion/cases.json";

/**
 * Prompt expansion against transformers' `generate` with the same weights, words and seeds (scripts/golden/expansion.py):
 * the same tokens, each of them. A rounding could only draw another one where two exponential times lie within 1e-6.
 */
const workshop = openWorkshop();
afterAll(() => workshop.close());

const path = await expansionModel();
const text = (name: string) => Bun.file(join(dirname(path), name)).text();
const words = expansionWords({ merges: await text("merges.txt"), words: await text("positive.txt") });
const { language } = openNetworks(
  { base: await tinyCheckpoint(), loras: [], prompt_expansion: path },
  { clipSkip: 2 },
  workshop,
);
const expander = { model: language(), words };

for (const { prompt, seed, text: expected, start, ids } of cases) {
  test(`${JSON.stringify(prompt)} by seed ${seed} becomes the same text`, async () => {
    expect(words.tokenizer.decode(start)).toEndWith(",");
    expect(words.tokenizer.encode(words.tokenizer.decode(start))).toEqual(start);
    const parts: number[][] = [];
    const tell = (part: number, all: number): unknown => parts.push([part, all]);
    expect(await expandPrompt(prompt, BigInt(seed), expander, { tell })).toBe(expected);
    const drawn = ids.length - start.length;
    expect(parts).toEqual(Array.from({ length: drawn }, (_, at) => [at + 1, drawn]));
  });
}

test("nothing is added to an empty prompt, to one that fills its section, and to one that leaves no place", async () => {
  expect(await expandPrompt("", 1n, expander)).toBe("");
  const full = "z".repeat(74); // no merge joins these, and the comma is the 75th
  expect(words.tokenizer.encode(`${full},`).length).toBe(75);
  expect(await expandPrompt(full, 1n, expander)).toBe(full);
  const long = "x ".repeat(100).trim();
  expect(await expandPrompt(long, 1n, expander)).toBe(long);
});

test("a stop is heard before every word", async () => {
  const run = new Run();
  let words = 0;
  const pause = (): undefined => {
    words += 1;
    if (words === 4) run.interrupt("stop");
    run.checkStop();
  };
  const thrown = await expandPrompt("a cat", 1n, expander, { pause }).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(Interruption);
  expect(words).toBe(4);
});
