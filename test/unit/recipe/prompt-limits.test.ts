import { expect, test } from "bun:test";
import { RequestError } from "#/lib/errors.ts";
import { refuseEmphasis, refuseHeavyTags } from "#/recipe/prompt-limits.ts";

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

test("weights that overflow are refused with what was written, however it is spelt", () => {
  for (const weight of ["1e300", "-1e99", "1E+40", "9".repeat(400), "1_0e27", " 2e26 "])
    expect(refused(() => refuseEmphasis([`a (b:${weight})`], "prompt"))).toContain(
      weight.trim().slice(0, 40),
    );
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
  for (const text of fine) expect(refused(() => refuseEmphasis([text], "prompt"))).toBe("");
});

test("brackets are read a hundred deep, fewer in a very long text; escaped and closed ones do not count", () => {
  for (const text of [nested(100), "(a)".repeat(1000), "\\(".repeat(1000), ")".repeat(1000)])
    expect(refused(() => refuseEmphasis([text], "prompt"))).toBe("");
  for (const text of [nested(101), "(".repeat(20_000), nested(50, "a".repeat(1_000_000))])
    expect(refused(() => refuseEmphasis([text], "negative_prompt"))).toContain("negative_prompt are nested");
});

test("a tag's weight must be one that a network can hold", () => {
  expect(refused(() => refuseHeavyTags([{ stem: "a", weight: Number.POSITIVE_INFINITY }]))).toContain(
    "Infinity",
  );
  expect(refused(() => refuseHeavyTags([{ stem: "a", weight: -2 }]))).toBe("");
});
