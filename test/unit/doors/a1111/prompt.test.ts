import { describe, expect, test } from "bun:test";
import { readLoras } from "#/doors/a1111/reading/loras.ts";
import { readPrompt } from "#/doors/a1111/reading/prompt.ts";
import { RequestError } from "#/lib/errors.ts";
import { promptLines } from "#/recipe/prompt-syntax.ts";
import { missingWildcards } from "#/recipe/wildcards.ts";

const read = (prompt: string, embeddings: readonly string[] = []) => readPrompt(prompt, "prompt", embeddings);

describe("a prompt", () => {
  test("line ends are blanks, and BREAK begins a text of its own", () => {
    expect(promptLines(read("a cat,\na dog\r\n\n(on\na mat:1.2)").text)).toEqual({
      main: "a cat, a dog (on a mat:1.2)",
      extra: [],
    });
    expect(read("a cat BREAK (a dog BREAK b)").text).toBe("a cat\n(a dog:1.1)\n(b:1.1)");
    expect(read("BREAKFAST").text).toBe("BREAKFAST");
  });

  test("is no wildcard and no array of ours", () => {
    const { text } = read("__hair__ [[red, blue]] circle \\[\\[a\\]\\]");
    expect(missingWildcards(text, () => undefined)).toEqual([]);
    expect(text).not.toContain("[[");
    expect(text).toBe("__ hair__ (red, blue:0.826446) circle [ [a]]");
  });

  test("what changes during the steps is drawn as it ends, and told", () => {
    const { text, warnings } = read(
      "a [cat:dog:0.5] in [snow:0.3], [red|blue|green] AND sun, [Note: this is no edit]",
    );
    expect(text).toBe("a dog in snow, red , sun, (Note: this is no edit:0.909091)");
    expect(warnings).toEqual([
      expect.stringContaining("[cat:dog:0.5] changes during the steps"),
      expect.stringContaining("[snow:0.3] changes during the steps"),
      expect.stringContaining("[red|blue|green] alternates"),
      expect.stringContaining("AND joins prompts"),
    ]);
    expect(read("[cat::0.5]").text).toBe("");
  });

  test("a textual inversion is named by its bare name, as a word", () => {
    expect(read("a photo, BadHands, badhandsome", ["badhands"]).text).toBe(
      "a photo,  embedding:badhands , badhandsome",
    );
  });
});

test("hostile prompts are read in a moment, or refused", () => {
  const many = (text: string, count = Math.floor(200_000 / text.length)) => text.repeat(count);
  for (const prompt of [
    `[a:b:${many("1")}`,
    many("a:"),
    `(a:${many(" ")}`,
    `(a:${many("1")}`,
    many("<lora:a"),
    many("(a)"),
    many("\\"),
    many("a BREAK "),
  ])
    expect(read(prompt).text.length).toBeGreaterThan(0);
  for (const prompt of [many("(a"), many("[a:b:0.5"), many("[a|b")])
    expect(() => read(prompt)).toThrow("brackets in one another");
  expect(() => read(many("a", 250_001))).toThrow("250001 characters");
  expect(() => readLoras(read(many("<lora:nope:1>")).tags, [])).toThrow("LoRAs; 50 are taken");
});

describe("tags of LoRAs", () => {
  const files = ["styles/neon.safetensors", "add.detail.safetensors"];
  const loras = (prompt: string) => readLoras(read(prompt).tags, files);

  test("by name without folder, with A1111's ways to weigh", () => {
    expect(loras("a <lora:neon:0.5> <lora:Add.Detail> <lora:neon:0.3:0.9> <lyco:neon:te=-1>").loras).toEqual([
      { enabled: true, model_name: "styles/neon.safetensors", weight: 0.5 },
      { enabled: true, model_name: "add.detail.safetensors", weight: 1 },
      { enabled: true, model_name: "styles/neon.safetensors", weight: 0.3 },
      { enabled: true, model_name: "styles/neon.safetensors", weight: -1 },
    ]);
    expect(read("a <lora:neon:0.5> cat").text).toBe("a cat");
  });

  test("what is not here adds nothing, and is told with what is like it", () => {
    const { loras: none, warnings } = loras("<lora:neom:1> <hypernet:x:1>");
    expect(none).toEqual([]);
    expect(warnings).toEqual([
      "<lora:neom:1>: there is no LoRA of this name (similar: neon); it adds nothing.",
      "<hypernet:x:1>: there is no hypernet here; it adds nothing.",
    ]);
  });

  test.each(["<lora:neon:heavy>", "<lora:neon:3>", "<lora:neon:>"])("%s is refused by name", (tag) => {
    expect(() => loras(tag)).toThrow(RequestError);
    expect(() => loras(tag)).toThrow(tag);
  });
});
