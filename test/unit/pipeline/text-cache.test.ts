import { expect, test } from "bun:test";
import { encodePrompts } from "#/pipeline/stages/encode-prompts.ts";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import { sectionKey, TextCache } from "#/pipeline/text-cache.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { TextTokens } from "#/runtime/text-encoders.ts";
import { zeros } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../support/small-recipe.ts";
import { stubJob } from "../../support/stub-job.ts";

/** A section of so many megabytes. */
const section = (megabytes: number) => ({
  l: zeros([1, 2 ** 18, megabytes]),
  g: zeros([1, 1, 1]),
  pooled: zeros([1, 1]),
});

test("sections are kept by their bytes: the one that was asked for least lately goes", () => {
  const cache = new TextCache();
  for (const key of ["a", "b"]) cache.keep(key, section(60));
  expect(cache.known("a")).toBeDefined();
  cache.keep("c", section(60));
  expect(["a", "b", "c"].map((key) => cache.known(key) !== undefined)).toEqual([true, false, true]);
  cache.keep("large", section(130));
  expect(["a", "c", "large"].map((key) => cache.known(key) !== undefined)).toEqual([false, false, false]);
  cache.keep("d", section(120));
  expect(cache.known("d")).toBeDefined();
  cache.clear();
  cache.keep("e", section(120));
  expect(["d", "e"].map((key) => cache.known(key) !== undefined)).toEqual([false, true]);
});

test("a section is known by its tokens, by the numbers of its vectors and by its encoders, and not by weights", () => {
  const vector = (value: number) => Float32Array.of(1, value);
  const keys = [
    sectionKey("a", { l: [1, 2], g: [3] }),
    sectionKey("b", { l: [1, 2], g: [3] }),
    sectionKey("a", { l: [1, vector(2)], g: [3] }),
    sectionKey("a", { l: [1, vector(3)], g: [3] }),
    sectionKey("a", { l: [1, 2], g: [4] }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(sectionKey("a", { l: [1, vector(2)], g: [3] })).toBe(keys[2]!);
});

/** An engine that counts what its encoders are asked. */
function engine() {
  const calls: number[] = [];
  const cache = new TextCache();
  const encoder = async (...sections: readonly TextTokens[]) => {
    calls.push(sections.length);
    const hidden = {
      dims: [sections.length, 77, 4],
      data: new Float32Array(sections.length * 77 * 4).fill(1),
    };
    return { hidden, pooled: zeros([sections.length, 4]) };
  };
  const encode = async (
    textKey: string,
    cfg: number,
    images: readonly (readonly string[])[],
    negative = "bad",
  ) => {
    const recipe: Recipe = {
      ...smallRecipe,
      guidance: { ...smallRecipe.guidance, cfg },
      images: images.map((texts, at) => ({
        seed: BigInt(at),
        positive: { texts, topK: 1 },
        negative: { texts: [negative], topK: 1 },
      })),
    };
    calls.length = 0;
    const answers = { textL: encoder, textG: encoder, textKey };
    const stage = encodePrompts(
      stubJob(answers, { recipe, tokenizer: createTokenizer(), encodedTexts: cache }),
    );
    for (;;) {
      const next = await stage.next();
      if (next.done === true) return { calls: [...calls], prompts: next.value };
    }
  };
  return { encode };
}

test("both sides of a picture are one call of each encoder; the same texts again are none, and new ones are asked alone", async () => {
  const { encode } = engine();
  expect((await encode("k", 7, [["a cat", "on a mat"]])).calls).toEqual([3, 3]);
  expect((await encode("k", 7, [["a cat", "on a mat"]])).calls).toEqual([]);
  expect((await encode("k", 7, [["a dog", "on a mat"]])).calls).toEqual([1, 1]);
  expect((await encode("k", 1, [["a cow"]], "never asked")).calls).toEqual([1, 1]);
});

test("other encoders, LoRAs or strengths make all of it anew; other weights ask for the empty text alone", async () => {
  const { encode } = engine();
  await encode("k", 7, [["a cat"]]);
  expect((await encode("other", 7, [["a cat"]])).calls).toEqual([2, 2]);
  expect((await encode("k", 7, [["a (cat:1.2)"]])).calls).toEqual([1, 1]);
  expect((await encode("k", 7, [["a (cat:1.4)"]])).calls).toEqual([]);
});

test("many sections are asked eight at a time, one that stands there twice once; the same texts are the same conditioning", async () => {
  const { encode } = engine();
  const texts = Array.from({ length: 20 }, (_, at) => `picture ${at}`);
  const { calls, prompts } = await encode("k", 7, [texts, texts, [...texts, "another"]]);
  expect(calls).toEqual([8, 8, 8, 8, 6, 6]);
  expect(prompts[0]?.positive).toBe(prompts[1]!.positive);
  expect(prompts[0]?.positive).not.toBe(prompts[2]!.positive);
  expect(prompts[2]?.negative).toBe(prompts[0]!.negative);
});
