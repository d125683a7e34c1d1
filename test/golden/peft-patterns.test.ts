import { expect, test } from "bun:test";
import { peftPattern } from "#/weights/lora/peft-pattern.ts";
import table from "./peft-patterns.json";

/** Against PEFT's own `get_pattern_key` (scripts/golden/peft_patterns.py), which asks Python's regular expressions. */
for (const [pattern, expected] of Object.entries(table.patterns)) {
  test(`PEFT's pattern ${JSON.stringify(pattern)} means the modules that PEFT means`, () => {
    const found = peftPattern(pattern);
    expect(found === undefined ? null : table.names.map(found)).toEqual(expected);
  });
}

test("what needs going back, and what would grow without end, is not read", () => {
  for (const pattern of [
    String.raw`(to_q)\1`,
    "(?=to_q).*",
    "(?<!x)to_q",
    "(?i)TO_Q",
    "a*+",
    String.raw`\bto_q`,
    "((a{999}){999}){999}",
    "(((){999}){999}){999}",
    `${"x".repeat(1001)}|y`,
  ]) {
    expect([pattern.slice(0, 30), peftPattern(pattern)]).toEqual([pattern.slice(0, 30), undefined]);
  }
});

// Python itself takes for ever over these: it goes back.
test("a pattern that a search going back reads for years is read at once", () => {
  const name = `${"a".repeat(200)}!`;
  expect(peftPattern("(a*)*(a|aa)*(.*.*)*b")?.(name)).toBe(false);
  expect(peftPattern("(a*)*(a|aa)*(.*.*)*!")?.(name)).toBe(true);
});
