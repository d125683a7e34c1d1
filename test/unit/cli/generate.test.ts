import { expect, test } from "bun:test";
import { generate } from "#/cli/generate/generate.ts";
import { requestOf } from "#/cli/generate/request-of.ts";

test("a name of a file and a format that contradict each other are refused", () => {
  expect(() => requestOf("a star", ["output_format=png"], "a.webp")).toThrow(
    '--output a.webp asks for webp, and --set output_format for "png"',
  );
  expect(requestOf("a star", ["output_format=webp"], "a.webp").output_format).toBe("webp");
});

test("a folder that is not there is told before anything is drawn", async () => {
  const given = {
    flags: [],
    env: {},
    engineCommand: [],
    words: ["a star"],
    options: { output: "nowhere/a.png" },
  };
  await expect(generate(given)).rejects.toThrow("There is no folder nowhere for nowhere/a.png");
});
