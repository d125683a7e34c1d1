import { afterAll, beforeAll, expect, test } from "bun:test";
import sharp from "sharp";
import { ScriptedEngine } from "../support/scripted-engine.ts";
import { type ServedBench, serveBench } from "../support/served-bench.ts";

const engine = new ScriptedEngine();
let bench: ServedBench;
beforeAll(async () => {
  bench = await serveBench({ engine });
});
afterAll(() => bench.close());

const plain = async (colour: string | Readonly<{ r: number; g: number; b: number; alpha: number }>) =>
  (
    await sharp({ create: { width: 40, height: 24, channels: 4, background: colour } })
      .png()
      .toBuffer()
  ).toString("base64");

const common = { prompt: "a cat", inpaint_additional_prompt: "a hat", inpaint_engine: "None" };
const small = { performance_selection: "Lightning", style_selections: [], aspect_ratios_selection: "64*64" };

/** What the engine was asked to start from, with its texts, and the record of it. */
async function asked(more: object) {
  const body = { ...common, ...small, inpaint_input_image: await plain("#3060c0"), ...more };
  const answer = await fetch(`${bench.url}/v1/engine/generate/`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const record = await answer.json();
  const { recipe } = engine.jobs.at(-1) ?? {};
  return { record, kind: recipe?.source.kind, inputs: recipe?.inputs.length, recipe };
}

test("a mask in which nothing is white is as good as none: made from the prompt, which is told", async () => {
  // Grey 86 is no hole where it is opaque, nor is what is transparent.
  for (const [colour, invert] of [
    ["black", false],
    [{ r: 86, g: 86, b: 86, alpha: 1 }, false],
    [{ r: 127, g: 127, b: 127, alpha: 1 }, false],
    [{ r: 255, g: 255, b: 255, alpha: 0 }, false],
    ["white", true],
  ] as const) {
    const sent = { inpaint_mask_image_upload: await plain(colour), invert_mask_checkbox: invert };
    const { record, kind, inputs, recipe } = await asked(sent);
    expect([record.task_status, kind, inputs]).toEqual(["finished", "noise", 0]);
    expect(recipe?.images[0]?.positive.texts).toEqual(["a cat"]);
    expect(record.warnings).toEqual([
      expect.stringMatching(
        /^inpaint_input_image took no part: nothing of inpaint_mask_image_upload is (white|black)/,
      ),
    ]);
    // What was sent is in the record all the same.
    expect(record.req_params).toMatchObject({ current_tab: "inpaint", invert_mask_checkbox: invert });
    expect(record.req_params.inpaint_mask_image_upload).toStartWith(`${bench.url}/inputs/`);
  }
});

test("with a side, or with something in it, it is what it was", async () => {
  for (const [colour, more] of [
    ["black", { outpaint_selections: ["Left"] }],
    ["black", { invert_mask_checkbox: true }],
    ["white", {}],
    ["red", {}],
  ] as const) {
    const { record, kind, inputs } = await asked({ inpaint_mask_image_upload: await plain(colour), ...more });
    expect([record.task_status, kind, inputs, record.warnings]).toEqual([
      "finished",
      "inpaint",
      2,
      undefined,
    ]);
  }
});
