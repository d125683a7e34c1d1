import { expect, test } from "bun:test";
import { pickFromArrays, promptLines, takeInlineLoras } from "#/recipe/prompt-syntax.ts";
import { PythonRandom } from "#/recipe/python-random.ts";
import { applyStyles } from "#/recipe/styles.ts";
import { fillWildcards } from "#/recipe/wildcards.ts";

test("Python's random: first words and choices of ten", () => {
  const ten = Array.from({ length: 10 }, (_, i) => i);
  const choices = (seed: bigint): string => {
    const random = new PythonRandom(seed);
    return Array.from({ length: 8 }, () => random.choice(ten)).join(" ");
  };
  expect(choices(0n)).toBe("6 6 0 4 8 7 6 4");
  expect(choices(12345n)).toBe("6 0 4 5 3 4 9 6");
  expect(choices(2n ** 63n - 1n)).toBe("5 2 7 7 1 7 9 4");
  expect(new PythonRandom(0n).word()).toBe(3626764237);
});

test("a prompt's lines are cleaned; the first is the main one", () => {
  expect(promptLines("  a  cat., \r\n\n dog ")).toEqual({ main: "a cat", extra: ["dog"] });
  expect(promptLines("")).toEqual({ main: "", extra: [] });
});

test("arrays: the first varies fastest, blanks stay", () => {
  const line = "[[red, green, blue]] [[cat,dog]]";
  expect([0, 1, 2, 3, 4, 5, 6].map((i) => pickFromArrays(line, i))).toEqual([
    "red cat",
    " green cat",
    " blue cat",
    "red dog",
    " green dog",
    " blue dog",
    "red cat",
  ]);
});

test("inline LoRAs are taken out, what is no number stays text", () => {
  expect(takeInlineLoras("red fox, <lora:ink-wash:0.7>,  snow   <lora:film:-.25>")).toEqual({
    line: "red fox, snow",
    loras: [
      { stem: "ink-wash", weight: 0.7 },
      { stem: "film", weight: -0.25 },
    ],
  });
  for (const tag of ["<lora:a:1..5>", "<lora:b:.>", "<lora:c:->", "<lora:d:>"]) {
    expect(takeInlineLoras(tag)).toEqual({ line: tag, loras: [] });
  }
});

test("wildcards: in order, nested, missing, circular", () => {
  const files: Readonly<Record<string, readonly string[]>> = {
    a: ["one", "", "two __b__"],
    b: ["deep"],
    loop: ["__loop__"],
  };
  const fill = (text: string, image: number) =>
    fillWildcards(text, {
      wildcards: (name) => files[name],
      random: new PythonRandom(1n),
      image,
      inOrder: true,
    });
  expect(fill("x __a__ y", 0)).toBe("x one y");
  expect(fill("x __a__ y", 1)).toBe("x two deep y");
  expect(fill("__missing__", 0)).toBe("missing");
  expect(fill("__loop__", 0)).toBe("__loop__");
});

test("styles: each line a text of its own; the prompt stands first only if no template takes it in", () => {
  const prompt = { main: "cat", extra: ["more"] };
  const none = { main: "", extra: [] };
  const wrap = { name: "w", prompt: "photo of {prompt}\nsharp", negative_prompt: "blurry" };
  const plain = { name: "p", prompt: "fine", negative_prompt: "" };
  expect(applyStyles([wrap], prompt, none)).toEqual({
    positive: { texts: ["photo of cat", "sharp", "more"], topK: 3 },
    negative: { texts: ["blurry"], topK: 1 },
  });
  expect(applyStyles([plain], prompt, none).positive.texts).toEqual(["cat", "fine", "more"]);
  expect(applyStyles([], none, none).negative).toEqual({ texts: [""], topK: 1 });
});
