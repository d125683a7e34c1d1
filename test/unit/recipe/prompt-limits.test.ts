import { expect, test } from "bun:test";
import { RequestError } from "#/lib/errors.ts";
import { checkText } from "#/pipeline/text/limits.ts";
import { refuseHeavyTags } from "#/recipe/prompt-limits.ts";

const nested = (depth: number, inner = "a"): string => "(".repeat(depth) + inner + ")".repeat(depth);
const refused = (act: () => void): string => {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof RequestError && thrown.code === "invalid-value") return thrown.message;
    throw thrown;
  }
  return "";
};

test("weights that overflow are refused, however they are spelt", () => {
  const written = {
    "1e300": "1e+300",
    "-1e99": "-1e+99",
    "1E+40": "1e+40",
    "1_0e27": "1e+28",
    " 2e26 ": "2e+26",
  };
  for (const [weight, said] of [...Object.entries(written), ["9".repeat(400), "Infinity"]])
    expect(refused(() => checkText(`a (b:${weight})`, "prompt"))).toContain(`the weight ${said};`);
  const fine = [
    "a (b:1.3)",
    "((a:0):1e26)",
    "(a:-2)",
    "a \\(b:1e300\\)",
    "ratio 1:1e300",
    "(a:1e-300)",
    ":)",
    "(:._)",
  ];
  for (const text of fine) expect(refused(() => checkText(text, "prompt"))).toBe("");
});

test("brackets are read a hundred deep; escaped and closed ones do not count, nor those that open no group", () => {
  for (const text of [
    nested(100),
    "(a)".repeat(1000),
    "\\(".repeat(1000),
    ")".repeat(1000),
    "(".repeat(20_000),
  ])
    expect(refused(() => checkText(text, "prompt"))).toBe("");
  for (const text of [nested(101), `a ${nested(500, "b")}`])
    expect(refused(() => checkText(text, "negative_prompt"))).toMatch(
      /^negative_prompt has a word under \d+ brackets/,
    );
});

test("a tag's weight must be one that a network can hold", () => {
  expect(refused(() => refuseHeavyTags([{ stem: "a", weight: Number.POSITIVE_INFINITY }]))).toContain(
    "Infinity",
  );
  expect(refused(() => refuseHeavyTags([{ stem: "a", weight: -2 }]))).toBe("");
});
