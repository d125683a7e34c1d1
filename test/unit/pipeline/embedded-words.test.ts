import { expect, test } from "bun:test";
import { embeddedNames, embeddedWord, gluedWord } from "#/pipeline/text/embedded-words.ts";
import { checkSections } from "#/pipeline/text/limits.ts";
import { countSections, sectionsOf } from "#/pipeline/text/sections.ts";
import { endToken, startToken, type Tokenizer } from "#/pipeline/text/tokenizer.ts";

const known =
  (...names: readonly string[]) =>
  (name: string) =>
    names.includes(name);

test("a textual inversion is named by a whole word; commas around it are not its name's unless it has them", () => {
  expect(embeddedWord("embedding:cute", known("cute"))).toEqual({ name: "cute", rest: "" });
  expect(embeddedWord("embedding:cute,", known("cute"))).toEqual({ name: "cute", rest: "," });
  expect(embeddedWord("embedding:cute,", known("cute,"))).toEqual({ name: "cute,", rest: "" });
  expect(embeddedWord("embedding:cute,,", known())).toEqual({ name: "cute", rest: ",," });
  for (const word of ["embedding:", "embedding:,", "embeddings:cute", "my-embedding:cute", "cute"])
    expect(embeddedWord(word, known("cute"))).toBeUndefined();
});

test("names are found in brackets and with weights, each once", () => {
  const texts = ["a (embedding:one:1.2) cat, embedding:two", "((embedding:one)) \\(embedding:three\\)"];
  expect(embeddedNames(texts, known("one", "two"))).toEqual(["one", "two"]);
  expect(gluedWord(texts)).toBe("(embedding:three)");
  expect(gluedWord(["(embedding:one:1.2), embedding: two"])).toBeUndefined();
  expect(gluedWord(["cat,embedding:one"])).toBe("cat,embedding:one");
});

const row = (value: number, width: number): Float32Array => new Float32Array(width).fill(value);
const tokenizer: Tokenizer = (word) => (word === "" ? [] : [word.length]);
const vectors = new Map([
  ["both", { l: [row(1, 2), row(2, 2)], g: [row(1, 3), row(2, 3)] }],
  ["g", { l: [], g: [row(7, 3)] }],
]);

test("vectors stand where their word stands, with its weight; the encoder they are not for is padded at the end", () => {
  const [section] = sectionsOf("(embedding:g,:1.5) abc (embedding:both:0.5)", tokenizer, vectors);
  expect(section?.l.slice(0, 6)).toEqual([startToken, 1, 3, row(1, 2), row(2, 2), endToken]);
  expect(section?.g.slice(0, 7)).toEqual([startToken, row(7, 3), 1, 3, row(1, 3), row(2, 3), endToken]);
  expect(section?.weights.slice(0, 6)).toEqual([1, 1.5, 1, 0.5, 0.5, 1]);
  expect(section?.weightsG.slice(0, 7)).toEqual([1, 1.5, 1.5, 1, 0.5, 0.5, 1]);
  expect([section?.l.length, section?.g.length]).toEqual([77, 77]);
  expect([section?.l[76], section?.g[76]]).toEqual([endToken, 0]);
});

test("both encoders have the same number of sections whatever each of them is told", () => {
  const long = Array.from({ length: 8 }, (_, at) => row(at, 3));
  const some = new Map([["long", { l: [], g: long }]]);
  const sections = sectionsOf(`${"a ".repeat(70)}embedding:long b`, tokenizer, some);
  expect(sections.map(({ l }) => l.indexOf(endToken))).toEqual([71, 2]);
  expect(sections.map(({ g }) => g.indexOf(endToken))).toEqual([76, 5]);
});

test("a name that nobody knows is nothing, and what stands behind it is text", () => {
  const [section] = sectionsOf("a embedding:unknown,, bb", tokenizer, vectors);
  expect(section?.l.slice(0, 5)).toEqual([startToken, 1, 2, 2, endToken]);
});

test("short texts of many textual inversions took more sections than there is room for: they are counted as whole ones", () => {
  const text = "embedding:x ".repeat(1100);
  expect(countSections([text], tokenizer, 2000)).toBeGreaterThan(1024);
  expect(() => checkSections([text], "prompt", () => tokenizer)).toThrow("more than 1024 sections");
  const small = new Map([["x", { l: [row(1, 2)], g: [] }]]);
  expect(() => checkSections([text], "prompt", () => tokenizer, small)).not.toThrow();
});
