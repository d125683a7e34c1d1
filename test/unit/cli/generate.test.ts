import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "#/cli/generate/generate.ts";
import { requestOf } from "#/cli/generate/request-of.ts";

test("a name of a file and a format that contradict each other are refused", () => {
  expect(() => requestOf("a star", ["output_format=png"], "a.webp")).toThrow(
    '--output a.webp asks for webp, and --set output_format for "png"',
  );
  expect(requestOf("a star", ["output_format=webp"], "a.webp").output_format).toBe("webp");
});

test("a value is JSON where its field takes that, else text; what fits neither is told by its field", () => {
  const said = (...sets: readonly string[]) => requestOf("a star", sets, undefined);
  expect(said("negative_prompt=2024", "image_number=2", 'style_selections=["Fooocus V2"]')).toMatchObject({
    negative_prompt: "2024",
    image_number: 2,
    style_selections: ["Fooocus V2"],
  });
  expect(said("negative_prompt=[cat:dog:0.5]").negative_prompt).toBe("[cat:dog:0.5]");
  const refusals = {
    'loras=[{"model_name": "x"': "--set loras: the value is no JSON: Expecting ',' delimiter, at its end.",
    "loras=[1, x]": '--set loras: the value is no JSON: Expecting value, at "x]".',
    "style_selections=Fooocus V2": 'a list is JSON: ["Fooocus V2"]',
    "image_number=many": "--set image_number: Input should be a valid integer",
    "=x": '--set takes field=value; not "=x".',
    "image_sed=1": "A request has no field image_sed",
  };
  for (const [set, sentence] of Object.entries(refusals)) expect(() => said(set)).toThrow(sentence);
});

test("a file that is there is not replaced, unless that is said", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fooocusd-force-"));
  try {
    const output = join(folder, "a.png");
    writeFileSync(output, "kept");
    writeFileSync(join(folder, "b-1.png"), "kept");
    const given = { flags: [], env: {}, engineCommand: [], words: ["a star"] };
    await expect(generate({ ...given, options: { output } })).rejects.toThrow(
      `${output} is there already and stays as it is; name another file in --output, or say --force.`,
    );
    const several = { output: join(folder, "b.png"), set: ["image_number=2"] };
    await expect(generate({ ...given, options: several })).rejects.toThrow("b-1.png is there already");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
