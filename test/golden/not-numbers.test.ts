import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError, RequestError } from "#/lib/errors.ts";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Run } from "#/pipeline/run.ts";
import type { ImageSpec, Recipe } from "#/recipe/recipe.ts";
import { openNetworks } from "#/runtime/models.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { smallRecipe } from "../support/small-recipe.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";
import { type StoredTensor, stored, writeTensors } from "../support/write-safetensors.ts";

/** Whole jobs on real files that hold, or lead to, infinities and NaN: the error names what is to blame. */
setDefaultTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), "not-numbers-"));
for (const kind of ["checkpoints", "loras", "vae"]) mkdirSync(join(folder, kind));
const tiny = await tinyCheckpoint();
symlinkSync(tiny, join(folder, "checkpoints/tiny.safetensors"));
const [sgm, diffusers] = ["tiny-lora-sgm.safetensors", "tiny-lora-diffusers.safetensors"].map((name) => {
  symlinkSync(goldenPath(name), join(folder, "loras", name));
  return name;
}) as [string, string];

const context = await openContext(
  {
    modelRoots: [folder],
    providers: ["cpu"],
    weights: "in-place",
    memoryBudget: 2 ** 30,
    derived: { folder: join(folder, "derived"), budget: 2 ** 30 },
    threads: 1,
  },
  () => undefined,
  silentLog,
  undefined,
);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true });
});

/** A copy of a file with one tensor changed. */
function changed(
  source: string,
  target: string,
  key: string,
  change: (old: StoredTensor) => StoredTensor,
): string {
  const bytes = readFileSync(source);
  const tensors = [...readSafetensors(source).tensors].map(([name, { dtype, shape, offset, length }]) => {
    const old = { dtype, shape, bytes: new Uint8Array(bytes.subarray(offset, offset + length)) };
    return [name, name === key ? change(old) : old] as const;
  });
  return writeTensors(join(folder, target), Object.fromEntries(tensors));
}

/** All bits set is NaN in every type of weights. */
const oneNaN = (old: StoredTensor): StoredTensor => {
  const bytes = old.bytes.slice();
  bytes.fill(0xff, bytes.length - 4);
  return { ...old, bytes };
};
const all =
  (value: number) =>
  ({ shape }: StoredTensor): StoredTensor =>
    stored("F32", shape, new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(value));

const image: ImageSpec = {
  seed: 1n,
  positive: { texts: ["a cat"], topK: 1 },
  negative: { texts: [""], topK: 1 },
};
const recipe: Recipe = { ...smallRecipe, base: "tiny.safetensors", steps: 30, images: [image] };

/** What a job fails with, and how many steps it had made. */
async function failure(asked: Partial<Recipe>): Promise<{ error: ModelError | RequestError; steps: number }> {
  let steps = 0;
  try {
    const order = { recipe: { ...recipe, ...asked }, inputs: [] };
    for await (const fact of generate(order, context, new Run())) if (isStep(fact)) steps = fact.at.step;
  } catch (error) {
    if (error instanceof ModelError || error instanceof RequestError) return { error, steps };
    throw error;
  }
  throw new Error("it made a picture");
}

const isStep = (
  fact: Fact,
): fact is Extract<Fact, { type: "progress" }> & { at: { stage: "denoising"; step: number } } =>
  fact.type === "progress" && fact.at.stage === "denoising";

const unetFactor = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight";

test("a LoRA with a NaN for the UNet: its file and tensor, at the first step, beside a sound one", async () => {
  changed(goldenPath(diffusers), "loras/broken.safetensors", unetFactor, oneNaN);
  const loras = [sgm, "broken.safetensors"].map((name) => ({ name, weight: 0.5 }));
  const { error, steps } = await failure({ loras });
  expect(steps).toBe(0);
  expect(error.code).toBe("file-unreadable");
  expect(error.message).toBe(
    `broken.safetensors is damaged: its tensor ${unetFactor} holds values that are not numbers. Get the file again.`,
  );
  expect(error.details).toEqual({ path: join(folder, "loras/broken.safetensors"), key: unetFactor });
});

test("a LoRA with a NaN for a text encoder, at strength 0 too", async () => {
  const key = "lora_te1_text_model_encoder_layers_0_mlp_fc2.lora_down.weight";
  changed(goldenPath(sgm), "loras/broken-text.safetensors", key, oneNaN);
  const { error } = await failure({ loras: [{ name: "broken-text.safetensors", weight: 0 }] });
  expect(error.details).toEqual({ path: join(folder, "loras/broken-text.safetensors"), key });
});

test("numbers of FreeU with which the network overflows: FreeU, not the checkpoint", async () => {
  const { error } = await failure({ steps: 2, freeU: { b1: 1e30, b2: 1e30, s1: 1, s2: 1 } });
  expect(error.code).toBe("invalid-value");
  expect(error.details["field"]).toBe("freeu_enabled");
});

test("a LoRA whose alpha is no number: its file", async () => {
  const alphas = [...readSafetensors(goldenPath(sgm)).tensors.keys()].filter((name) =>
    /^lora_unet.*alpha$/.test(name),
  );
  changed(goldenPath(sgm), "loras/alpha.safetensors", alphas[0]!, (old) => ({
    ...old,
    bytes: Uint8Array.of(0, 0x7e),
  }));
  const { error } = await failure({ loras: [{ name: "alpha.safetensors", weight: 1 }] });
  expect(error).toBeInstanceOf(ModelError);
  expect(error.message).toMatch(
    /^alpha.safetensors cannot be used as a LoRA: lora_unet_.*alpha is not a number/,
  );
});

const checkpointTensors = {
  "the UNet": "model.diffusion_model.middle_block.0.in_layers.2.weight",
  "text encoder L": "conditioner.embedders.0.transformer.text_model.encoder.layers.0.mlp.fc1.weight",
  "text encoder G": "conditioner.embedders.1.model.transformer.resblocks.0.mlp.c_fc.weight",
  "the VAE": "first_stage_model.decoder.conv_in.weight",
} as const;

for (const [part, key] of Object.entries(checkpointTensors)) {
  test(`a checkpoint with a NaN in ${part}: its file and tensor, though a sound LoRA is used`, async () => {
    const path = changed(tiny, "checkpoints/broken.safetensors", key, oneNaN);
    const loras = [{ name: sgm, weight: 0.5 }];
    const { error } = await failure({ base: "broken.safetensors", loras, steps: 2 });
    expect(error).toBeInstanceOf(ModelError);
    expect(error.message).toStartWith(`broken.safetensors is damaged: its tensor ${key} holds`);
    expect(error.details).toEqual({ path, key });
  });
}

test("a VAE file with a NaN: that file, not the checkpoint", async () => {
  const path = changed(tiny, "vae/broken-vae.safetensors", checkpointTensors["the VAE"], oneNaN);
  const { error } = await failure({ vae: "broken-vae.safetensors", steps: 2 });
  expect(error.details).toEqual({ path, key: checkpointTensors["the VAE"] });
});

test("a VAE whose values are numbers, and too large: it is named as what it is", async () => {
  const key = checkpointTensors["the VAE"];
  const path = changed(tiny, "vae/loud.safetensors", key, all(3e38));
  const { error } = await failure({ vae: "loud.safetensors", steps: 2 });
  expect(error.message).toStartWith(
    "loud.safetensors: its VAE answers with values that are not numbers, though it holds none",
  );
  expect(error.details).toEqual({ path });
});

for (const [side, field] of [
  ["positive", "prompt"],
  ["negative", "negative_prompt"],
] as const) {
  test(`a weight that no float32 holds, in the ${side} text: the prompt is to blame, and only that one`, async () => {
    const text = { texts: ["sound (words:1.2)", "a (cat:1e300)"], topK: 1 };
    const { error } = await failure({ images: [{ ...image, [side]: text }] });
    expect(error).toBeInstanceOf(RequestError);
    expect(error.code).toBe("invalid-value");
    expect(error.details).toEqual({ field, value: "cat" });
    expect(error.message).toContain("1e+300");
  });
}

test("a LoRA of numbers that is far too strong: the request's weight, by the LoRA's name", async () => {
  const loras = [
    { name: sgm, weight: 0.5 },
    { name: diffusers, weight: 1e30 },
  ];
  const { error, steps } = await failure({ loras });
  expect(steps).toBe(0);
  expect(error).toBeInstanceOf(RequestError);
  expect(error.details).toEqual({ field: "loras" });
  expect(error.message).toBe(
    `With ${diffusers} at strength 1e+30 a network answers with values that are not numbers, without LoRAs it does not. Lower the weight.`,
  );
});

test("a conditioning of numbers that is far too large: the prompt, when the same network answers without", async () => {
  const workshop = openWorkshop();
  const golden = goldenTensors("networks.safetensors");
  const { unet } = openNetworks({ base: tiny, loras: [] }, { clipSkip: 2 }, workshop);
  const context = golden("unet-odd.context");
  const loud = { dims: context.dims, data: context.data.map((value) => value * 1e37) };
  const asked = unet(unetInputs(golden("unet-odd.sample"), 499, loud, golden("unet-odd.y")));
  await expect(asked).rejects.toThrow(/^The prompt's weights make values up to [0-9.]+e\+37/);
  await workshop.close();
});

test("latents that grew out of all bounds by themselves are no file's fault", async () => {
  const workshop = openWorkshop();
  const golden = goldenTensors("networks.safetensors");
  const { unet } = openNetworks({ base: tiny, loras: [] }, { clipSkip: 2 }, workshop);
  const { dims, data } = golden("unet-odd.sample");
  const asked = unet(
    unetInputs(
      { dims, data: data.map(() => Infinity) },
      499,
      golden("unet-odd.context"),
      golden("unet-odd.y"),
    ),
  );
  await expect(asked).rejects.toThrow("The sampler's values became infinite");
  await workshop.close();
});
