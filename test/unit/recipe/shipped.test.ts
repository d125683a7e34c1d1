import { expect, test } from "bun:test";
import { withShippedStyles, withShippedWildcards } from "#/recipe/shipped.ts";
import { expansionStyle, randomStyle } from "#/recipe/styles.ts";
import names from "../../golden/style-names.json";

const none = (): undefined => undefined;
const styles = withShippedStyles([]);

test("all styles of the contract are there, in its order", () => {
  expect([expansionStyle, randomStyle, ...styles.map(({ name }) => name)]).toEqual(names);
});

test("every style says something of its own, and takes the prompt in unless it only refuses", () => {
  const onlyRefusing = styles.filter(({ prompt }) => prompt === "").map(({ name }) => name);
  expect(onlyRefusing).toEqual(["Fooocus Enhance", "Fooocus Negative"]);
  const texts = styles.map(({ prompt }) => prompt).filter((prompt) => prompt !== "");
  expect(texts.filter((prompt) => prompt.split("{prompt}").length !== 2)).toEqual([]);
  expect(new Set(texts).size).toBe(texts.length);
  expect(new Set(styles.map(({ negative_prompt }) => negative_prompt)).size).toBe(styles.length);
  for (const { prompt, negative_prompt } of styles) {
    expect(prompt.replace("{prompt}", "cat")).not.toMatch(/[{}]|\s{2}|,\s*,/);
    expect(negative_prompt).not.toMatch(/[{}]|\s{2}|,\s*,|^$/);
  }
});

test("a style and a wildcard of the user's own win over ours", () => {
  const mine = [
    { name: "SAI Anime", prompt: "mine {prompt}", negative_prompt: "" },
    { name: "New", prompt: "new", negative_prompt: "" },
  ];
  const merged = withShippedStyles(mine);
  expect(merged.length).toBe(styles.length + 1);
  const at = styles.findIndex(({ name }) => name === "SAI Anime");
  expect(merged[at]).toEqual({ name: "SAI Anime", prompt: "mine {prompt}", negative_prompt: "" });
  expect(merged.at(-1)?.name).toBe("New");
  const wildcards = withShippedWildcards((name) => (name === "color" ? ["teal"] : undefined));
  expect(wildcards("color")).toEqual(["teal"]);
  expect(wildcards("animal")?.length).toBe(100);
});

test("the wildcard lists of the reference's names, without doubles; one names the others", () => {
  const wildcards = withShippedWildcards(none);
  for (const name of [
    "animal",
    "artist",
    "color",
    "color_flower",
    "extended-color",
    "flower",
    "nationality",
  ]) {
    const lines = wildcards(name) ?? [];
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines).size).toBe(lines.length);
    for (const [, inner = ""] of lines.join(" ").matchAll(/__(.+?)__/g))
      expect(wildcards(inner)).toBeDefined();
  }
  expect(wildcards("nothing")).toBeUndefined();
});
