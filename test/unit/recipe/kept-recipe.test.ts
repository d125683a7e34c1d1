import { describe, expect, test } from "bun:test";
import { readKeptRecipe, writeKeptRecipe } from "#/recipe/kept-recipe.ts";
import { seedEnd } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const long = 'a wide landscape with a river, "quotes", \\ and \ud83c\udf0a, and a lone \ud800. '.repeat(3);

const resolved: Resolved = {
  recipe: {
    ...smallRecipe,
    sampledAs: { prediction: "v", zeroTerminalSnr: true },
    loras: [{ name: "loras/x.safetensors", weight: 0.1 + 0.2 }],
    freeU: { b1: 1.01, b2: 0.1 + 0.2, s1: 0, s2: -1 },
    inputs: ["0123.png"],
    previews: { by: "colours", colours: [[0.392, 0.4054, -0.0456]] },
    images: [0n, 7n, 2n ** 53n + 1n, seedEnd - 1n].map((seed) => ({
      seed,
      positive: { texts: [long, "short"], topK: 1 },
      negative: { texts: ["", long], topK: 1 },
    })),
  },
  loraFields: ["loras.0.model_name"],
  inputFields: ["inpaint_input_image"],
  warnings: ["There is no LoRA called x; its tag in the prompt was dropped."],
  written: [{ prompt: long, negativePrompt: "", styles: ["Mine"] }],
};

describe("a kept recipe", () => {
  test("comes back to the last digit and letter", () => {
    expect(readKeptRecipe(writeKeptRecipe(resolved))).toEqual({ kind: "kept", resolved });
  });

  test("holds a text once, however many pictures have it", () => {
    const prompt = "x".repeat(200_000);
    const spec = { seed: 1n, positive: { texts: [prompt], topK: 1 }, negative: { texts: [prompt], topK: 1 } };
    const images = Array.from({ length: 32 }, () => spec);
    const description = { prompt, negativePrompt: prompt, styles: [] };
    const written = images.map(() => description);
    const text = writeKeptRecipe({ ...resolved, recipe: { ...smallRecipe, images }, written });
    expect(text.length).toBeLessThan(210_000);
  });

  test("is damaged wherever a letter of it is another one, and is never another recipe", () => {
    const text = writeKeptRecipe({ ...resolved, warnings: [] });
    for (let at = 0; at < text.length; at += 1) {
      const read = readKeptRecipe(`${text.slice(0, at)}${text[at] === "1" ? "2" : "1"}${text.slice(at + 1)}`);
      // A damaged version is another version.
      expect(read.kind).not.toBe("kept");
    }
    for (const end of [0, 1, 20, text.length - 1])
      expect(readKeptRecipe(text.slice(0, end)).kind).toBe("damaged");
    for (const odd of ["null", "5", "[]", "{}", '{"version":8}', '{"version":"4"}'])
      expect(readKeptRecipe(odd).kind).toBe("damaged");
  });

  test("of another version, or of none, is none", () => {
    const later = writeKeptRecipe(resolved).replace('"version":8', '"version":9');
    expect(readKeptRecipe(later)).toEqual({ kind: "none" });
    expect(readKeptRecipe(undefined)).toEqual({ kind: "none" });
  });

  test("has the parts that its version says; who changes them raises the version", () => {
    const text = writeKeptRecipe(resolved);
    const parts = { recipe: Object.keys(resolved.recipe).toSorted(), of: Object.keys(resolved).toSorted() };
    expect([text.slice(0, 12), parts]).toEqual([
      '{"version":8',
      {
        recipe:
          "base clipSkip freeU guidance images inputs loras noise precision previews refiner sampledAs sampler schedule size source steps vae".split(
            " ",
          ),
        of: ["inputFields", "loraFields", "recipe", "warnings", "written"],
      },
    ]);
  });
});
