import { expect, test } from "bun:test";
import fc from "fast-check";
import { findStyles, findStylesOrExpansion } from "#/recipe/find-styles.ts";
import { withShippedStyles } from "#/recipe/shipped.ts";
import { applyStyles, type Style } from "#/recipe/styles.ts";

const styles = withShippedStyles([]);

const textsOf = (chosen: readonly Style[], prompt: string, negative: string) => {
  const made = applyStyles(chosen, { main: prompt, extra: ["more"] }, { main: negative, extra: [] });
  return { positive: made.positive.texts.join(", "), negative: made.negative.texts.join(", ") };
};

test("any selection is found by the texts it makes, or one that makes the same", () => {
  const index = fc.array(fc.nat(styles.length - 1), { maxLength: 5 });
  fc.assert(
    fc.property(index, fc.constantFrom("a cat", "x, y", "photo of {prompt}"), (picked, prompt) => {
      const chosen = picked.flatMap((i) => styles[i] ?? []);
      const texts = textsOf(chosen, prompt, "dog");
      const found = findStyles(styles, { main: prompt, extra: ["more"] }, { main: "dog", extra: [] }, texts);
      const named = (found ?? ["none"]).flatMap((name) => styles.find((style) => style.name === name) ?? []);
      expect(textsOf(named, prompt, "dog")).toEqual(texts);
    }),
    { numRuns: 200 },
  );
});

test("texts that no selection makes are not explained", () => {
  const texts = { positive: "a cat by somebody", negative: "" };
  expect(findStyles(styles, { main: "a cat", extra: [] }, { main: "", extra: [] }, texts)).toBeUndefined();
});

test("a prompt with dollar signs stays as it is", () => {
  const style = { name: "S", prompt: "photo of {prompt}", negative_prompt: "" };
  const main = "$$5 and $& and $1";
  expect(applyStyles([style], { main, extra: [] }, { main: "", extra: [] }).positive.texts).toEqual([
    `photo of ${main}`,
  ]);
});

test("a search among styles that could be strung together for ever ends", () => {
  const twins = ["A", "B", "C"].map((name) => ({ name, prompt: "x", negative_prompt: "" }));
  const wanted = { positive: `${Array.from({ length: 60 }, () => "x").join(", ")}, end`, negative: "" };
  expect(findStyles(twins, { main: "", extra: [] }, { main: "", extra: [] }, wanted)).toBeUndefined();
});

test("in texts of a megabyte no style is looked for, which would write them anew for each; none at all is seen", () => {
  const main = "a".repeat(1_000_000);
  const [style] = styles.filter(({ prompt }) => prompt.includes("{prompt}"));
  const lines = [
    { main, extra: [] },
    { main: "", extra: [] },
  ] as const;
  const { positive, negative } = applyStyles(style === undefined ? [] : [style], ...lines);
  const styled = { positive: positive.texts.join(", "), negative: negative.texts.join(", ") };
  expect(findStyles(styles, ...lines, styled)).toBeUndefined();
  expect(findStyles(styles, ...lines, { positive: main, negative: "" })).toEqual([]);
});

test("an expansion stands last and begins with the prompt", () => {
  const [prompt, negative] = [
    { main: "a cat", extra: ["more"] },
    { main: "dog", extra: [] },
  ];
  const find = (chosen: readonly Style[], expansion: string) => {
    const texts = textsOf(chosen, "a cat", "dog");
    const positive = expansion === "" ? texts.positive : `${texts.positive}, ${expansion}`;
    return findStylesOrExpansion(styles, prompt, negative, { ...texts, positive });
  };
  expect(find([], "a cat, bright, vivid")).toEqual(["Fooocus V2"]);
  expect(find([], "")).toEqual([]);
  const chosen = styles.slice(4, 5);
  const [plain, expanded] = [find(chosen, ""), find(chosen, "a cat, bright")];
  expect(expanded).toEqual(["Fooocus V2", ...(plain ?? ["none"])]);
  expect(find([], "a dog, bright")).toBeUndefined();
});
