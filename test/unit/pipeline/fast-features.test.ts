import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { made, openFast } from "../../support/fast-engine.ts";
import { tinyCheckpoint, tinyInterposer, tinyRefiner, tinySd1 } from "../../support/golden.ts";
import { packedModel } from "../../support/packed-model.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

/** Precision fast together with what else changes what a job's networks are: each runs, and is as near to full as fast is alone. */
setDefaultTimeout(300_000);

const { context, folder, close } = await openFast(await tinyCheckpoint());
afterAll(close);
const files: Readonly<Record<string, string>> = {
  "checkpoints/refiner.safetensors": await tinyRefiner(),
  "checkpoints/sd1.safetensors": await tinySd1(),
  "vae_approx/xl-to-v1_interposer-v4.0.safetensors": await tinyInterposer(),
  "controlnet/adapter.bin": packedModel("adapter-plus.bin"),
  "controlnet/lora.safetensors": packedModel("control-lora.safetensors"),
  "controlnet/whole.safetensors": packedModel("control-ldm.safetensors"),
  "clip_vision/tower.safetensors": packedModel("vision-open-clip.safetensors"),
};
for (const [name, path] of Object.entries(files)) symlinkSync(path, join(folder, name));

const plain: Recipe = { ...smallRecipe, steps: 3 };
const shown: Pixmap = {
  width: 64,
  height: 64,
  data: Uint8Array.from({ length: 3 * 64 * 64 }, (_, at) => (at * 37) % 256),
};
const guided = { show: "result", softness: 0.25, prepare: false, canny: { low: 64, high: 128 } } as const;

/** What a recipe has more, and the pictures that it is made of. */
const features: Readonly<Record<string, Partial<Recipe>>> = {
  FreeU: { freeU: { b1: 1.3, b2: 1.4, s1: 0.9, s2: 0.2 } },
  "the SDXL refiner": { refiner: { name: "refiner.safetensors", swap: "joint", at: 1 } },
  "Stable Diffusion 1.x that takes over": { refiner: { name: "sd1.safetensors", swap: "separate", at: 1 } },
  "an image prompt": {
    inputs: ["a"],
    parts: [
      { kind: "ip_adapter", name: "adapter.bin" },
      { kind: "clip_vision", name: "tower.safetensors" },
    ],
    controls: { ...guided, uses: [{ kind: "image", picture: 0, net: 0, weight: 1, stop: 1 }] },
  },
  "a Control-LoRA and a ControlNet": {
    inputs: ["a"],
    parts: [
      { kind: "controlnet", name: "lora.safetensors" },
      { kind: "controlnet", name: "whole.safetensors" },
    ],
    controls: {
      ...guided,
      uses: [
        { kind: "canny", picture: 0, net: 0, weight: 1, stop: 1 },
        { kind: "cpds", picture: 0, net: 1, weight: 0.5, stop: 0.5 },
      ],
    },
  },
};

/** Levels apart on average. */
function apart(a: Pixmap | undefined, b: Pixmap | undefined): number {
  if (a === undefined || b === undefined) throw new Error("no picture was made");
  return a.data.reduce((sum, level, at) => sum + Math.abs(level - (b.data[at] ?? 0)), 0) / a.data.length;
}

const draw = async (more: Partial<Recipe>, precision: Recipe["precision"]) => {
  const recipe = { ...plain, ...more, precision };
  return made({ recipe, inputs: recipe.inputs.map(() => shown) }, context);
};

for (const [name, more] of Object.entries(features))
  test(`${name}: drawn in fast, near to full, and other than without`, async () => {
    const [whole, fast, without] = [
      await draw(more, "full"),
      await draw(more, "fast"),
      await draw({}, "fast"),
    ];
    expect(fast.outcome).toEqual({ status: "finished" });
    expect(fast.notes.filter(({ note }) => note === "full-precision")).toEqual([]);
    const distance = apart(fast.pictures[0], whole.pictures[0]);
    expect(distance).toBeGreaterThan(0);
    expect(distance).toBeLessThan(6);
    expect(apart(fast.pictures[0], without.pictures[0])).toBeGreaterThan(0);
  });
