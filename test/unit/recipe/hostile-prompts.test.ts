import { describe, expect, test } from "bun:test";
import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import { countSections } from "#/pipeline/text/sections.ts";
import { createTokenizer } from "#/pipeline/text/tokenizer.ts";
import { promptLimits } from "#/recipe/prompt-limits.ts";
import { resolveRecipe, type World } from "#/recipe/resolve.ts";
import { plainParams, plainWorld } from "../../support/plain-request.ts";

const world: World = {
  ...plainWorld,
  loras: ["a.safetensors"],
  styles: [{ name: "Often", prompt: "{prompt} {prompt} {prompt}", negative_prompt: "" }],
  wildcards: (name) => ({ color: ["red"], circle: ["__circle__ __circle__"], deep: ["(((x)))"] })[name],
};

const resolve = (said: Partial<GenerateParams>) => resolveRecipe({ ...plainParams, ...said }, world);

function refusal(said: Partial<GenerateParams>): RequestError {
  try {
    resolve(said);
  } catch (thrown) {
    if (thrown instanceof RequestError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

describe("a prompt that blamed a model file, or took minutes, is refused by its field", () => {
  const nested = (count: number): string => `${"(".repeat(count)}a${")".repeat(count)}`;
  const cases: readonly (readonly [string, string, string])[] = [
    ["(a:1e300)", "(a:1e300)", "the weight 1e+300; -1e+26 to 1e+26 is the limit"],
    ["(a:-inf)", "(a:-inf)", "the weight -Infinity; -1e+26 to 1e+26 is the limit"],
    ["(a: NaN)", "(a: NaN)", "the weight NaN; -1e+26 to 1e+26 is the limit"],
    ["a weight below zero", "(a:-1.5e30)", "the weight -1.5e+30"],
    ["brackets around the heaviest weight", "((a):1e26)", "the weight 1.1e+26"],
    ["no number at all", "(a:1e999)", "the weight Infinity"],
    ["2,000 brackets", nested(2000), "under 2000 brackets; 100 is the limit"],
    ["20,000 brackets", nested(20_000), "under 20000 brackets"],
    [
      "brackets that are never closed, but for some",
      `${"(".repeat(3000)}a${")".repeat(2000)}`,
      "under 2000 brackets",
    ],
    [
      "too many letters",
      "a ".repeat(promptLimits.characters / 2 + 1),
      "has 250002 characters; 250000 is the limit",
    ],
    [
      "a word of 50,001 letters",
      "a".repeat(50_001),
      "has 50001 characters without a blank; 50000 is the limit",
    ],
    [
      "more accents in a row than any language writes",
      `a${"\u0301\u0323\u200b".repeat(70)}`,
      "has 210 accents",
    ],
    ["too many sections", "a b c d e f ".repeat(20_000), "more than 1024 sections of 75 tokens"],
    ["as many lines", "a\n".repeat(1100), "more than 1024 sections"],
    ["wildcards that name each other", "__circle__", "more than 1000 wildcards"],
    ["a thousand and one wildcards", "__color__ ".repeat(1001), "more than 1000 wildcards"],
  ];
  for (const [what, text, says] of cases) {
    for (const field of ["prompt", "negative_prompt"] as const) {
      test(`${field}: ${what}`, () => {
        const { code, message, details } = refusal({ [field]: text });
        expect([code, details.field]).toEqual(["invalid-value", field]);
        expect(message).toStartWith(field);
        expect(message).toContain(says);
        expect(message.length).toBeLessThan(300);
        expect(String(details.value).length).toBeLessThanOrEqual(100);
      });
    }
  }

  test("a bracket that is under the bound by itself counts where a wildcard puts it", () => {
    const text = `${"(".repeat(98)}__deep__${")".repeat(98)}`;
    expect(refusal({ prompt: text }).message).toContain("under 101 brackets");
  });

  test("styles that take a long prompt in too often", () => {
    const { message } = refusal({
      prompt: "a ".repeat(120_000),
      style_selections: Array.from({ length: 6 }, () => "Often"),
    });
    expect(message).toContain("once its 6 styles have taken it in");
  });
});

describe("what people write is taken", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["strong weights", "(a:3) (b:-1) ((((((((((c))))))))))"],
    ["brackets that open nothing", "(".repeat(5000)],
    ["smileys", ":) ".repeat(2000)],
    ["escaped brackets", "\\(".repeat(5000)],
    ["a long story", "one two three ".repeat(2000)],
    ["a word of 16,000 letters", "abcdefgh".repeat(2000)],
    ["a hundred wildcards", "__color__ ".repeat(100)],
  ];
  for (const [what, text] of cases)
    test(what, () => expect(resolve({ prompt: text, negative_prompt: text }).recipe.images).toHaveLength(1));

  test("200,000 letters of words", () => {
    const prompt = "lorem ipsum dolor ".repeat(11_111);
    expect(countSections([prompt], createTokenizer(), 1000)).toBeGreaterThan(400);
    expect(resolve({ prompt }).recipe.images).toHaveLength(1);
  });
});

test("20,000 tags of LoRAs that are not here are one warning of a few lines, not 20,000", () => {
  const tags = Array.from({ length: 12_000 }, (_, i) => `<lora:no${i}:1>`).join("");
  const { warnings } = resolve({ prompt: `a cat ${tags}` });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("and 11990 more");
  expect(warnings[0]?.length).toBeLessThan(500);
});
