import { expect, test } from "bun:test";
import { parseAttention, writeAttention } from "#/doors/a1111/reading/attention.ts";
import { parseEmphasis } from "#/pipeline/text/emphasis.ts";

const weighed = (prompt: string) =>
  parseAttention(prompt).map(({ text, weight }) => [text, Number(weight.toFixed(4))]);

// What A1111's own parser gives for these, by its documentation and tests.
test.each([
  ["normal text", [["normal text", 1]]],
  [
    "an (important) word",
    [
      ["an ", 1],
      ["important", 1.1],
      [" word", 1],
    ],
  ],
  ["(unbalanced", [["unbalanced", 1.1]]],
  [String.raw`\(literal\]`, [["(literal]", 1]]],
  ["(unnecessary)(parens)", [["unnecessaryparens", 1.1]]],
  [
    "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
    [
      ["a ", 1],
      ["house", 1.573],
      [" ", 1.1],
      ["on", 1],
      [" a ", 1.1],
      ["hill", 0.55],
      [", sun, ", 1.1],
      ["sky", 1.4641],
      [".", 1.1],
    ],
  ],
  ["((a:2):2)", [["a", 4]]],
  ["[[b]]", [["b", 0.8264]]],
  ["time: 12:30) and c]", [["time: 12:30) and c]", 1]]],
  ["", []],
] as const)("%j", (prompt, wanted) => {
  expect(weighed(prompt)).toEqual(wanted.map(([text, weight]) => [text, weight]));
});

test("what is written is read by our own grammar with the same weights, whatever the prompt is", () => {
  const pieces = ["(", ")", "[", "]", "cat", " ", ":1.2)", ":", "\\(", "\\)", ",", "\\", ":0.5)", "x y"];
  let state = 7;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  const flat = (parts: readonly { text: string; weight: number }[]) =>
    parts.flatMap(({ text, weight }) =>
      [...text].filter((letter) => letter.trim() !== "").map((letter) => [letter, Number(weight.toFixed(4))]),
    );
  for (let round = 0; round < 2000; round += 1) {
    const prompt = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join("");
    const parsed = parseAttention(prompt);
    expect([prompt, flat(parseEmphasis(writeAttention(parsed)))]).toEqual([prompt, flat(parsed)]);
  }
});
