/**
 * What our own TypeScript costs beside the networks: each part of a default request's step at 512 x 512 by itself, and real
 * steps of a synthetic SDXL-base checkpoint with the UNet's runs taken out. In processor time, so that other programs do not
 * blur it. `bun scripts/bench/full-size/overhead.ts [folder or checkpoint]`; needs 7 GB of disk in the folder, `--keep` keeps
 * what it writes there. With a checkpoint of your own the parts are the same, and the share is that checkpoint's.
 */

import { existsSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { operators } from "#/graph/operators.ts";
import { encodeImage, encodePreview } from "#/image/encode.ts";
import { silentLog } from "#/lib/log.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import { sdxlLatentColours } from "#/recipe/latent-colours.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { type Networks, openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { admVector } from "#/sampling/guidance/adm.ts";
import { guided } from "#/sampling/guidance/guidance.ts";
import { discreteSampling } from "#/sampling/model-sampling.ts";
import { makeNoise } from "#/sampling/noise/noise-source.ts";
import { planSigmas } from "#/sampling/plan.ts";
import { previewOf } from "#/sampling/preview.ts";
import { combine, pairs, type Sampler } from "#/sampling/sampler.ts";
import { samplers } from "#/sampling/samplers.ts";
import { schedules } from "#/sampling/schedules.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { stubJob } from "../../../test/support/stub-job.ts";
import { unetInputs } from "../../../test/support/unet-inputs.ts";
import { writeCheckpoint } from "./checkpoint.ts";

const size = { width: 512, height: 512 };
const dims = [1, 4, size.height / 8, size.width / 8];
const steps = 30;
const realSteps = 4;

const recipe: Recipe = {
  base: "",
  vae: null,
  loras: [],
  size,
  steps,
  sampler: "dpmpp_2m_sde_gpu",
  schedule: "karras",
  clipSkip: 2,
  freeU: null,
  refiner: null,
  guidance: { cfg: 4, sharpness: 2, adaptiveCfg: 7, admPositive: 1.5, admNegative: 0.8, admEnd: 0.3 },
  noise: "gpu",
  precision: "full",
  previews: { by: "colours", colours: sdxlLatentColours },
  source: { kind: "noise" },
  inputs: [],
  images: [{ seed: 12345n, positive: { texts: [], topK: 1 }, negative: { texts: [], topK: 1 } }],
};

const random = (shape: readonly number[]): Tensor => ({
  dims: shape,
  data: Float32Array.from(
    { length: shape.reduce((product, n) => product * n, 1) },
    () => Math.random() * 2 - 1,
  ),
});

/** Milliseconds of this process' processor time, all threads. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds a call takes, after one to warm up. */
async function cost(times: number, work: () => unknown): Promise<number> {
  await work();
  const before = processorTime();
  for (let i = 0; i < times; i += 1) await work();
  return (processorTime() - before) / times;
}

const model = discreteSampling({ prediction: "eps", schedule: "scaled-linear" });
const sampler: Sampler = samplers.dpmpp_2m_sde_gpu;
const { sigmas, span } = planSigmas(schedules.karras, model, sampler, { steps, denoise: 1 });
const noiseOptions = { seed: 12345n, rule: "gpu", dims, span, kind: "brownian" } as const;

/** Each part by itself; those of an image are spread over its steps. */
async function parts(): Promise<Readonly<Record<string, number>>> {
  const [x, p, q] = [random(dims), random(dims), random(dims)];
  const latent = random(dims);
  const branch = (estimate: Tensor) => async () => estimate;
  const guide = guided(branch(p), branch(q), recipe.guidance, model);
  const walkAll = async () => {
    const { timestep } = model;
    const walk = sampler.sample({ denoise: async () => p, x, sigmas, noise: () => q, timestep });
    while ((await walk.next()).done !== true);
  };
  const noiseAll = () => {
    const { noise } = makeNoise(noiseOptions);
    for (const [, from, to] of pairs(sigmas)) if (to > 0) noise(from, to);
  };
  const pooled = random([1, 1280]);
  const picture = { ...size, data: Uint8Array.from({ length: 3 * 512 * 512 }, (_, i) => (i * 7) % 251) };
  const preview = previewOf(latent, sdxlLatentColours);
  return {
    "schedule and sampler": (await cost(20, walkAll)) / steps,
    "noise (Brownian path)": (await cost(5, noiseAll)) / steps,
    "guidance with the sharpness filter": await cost(20, () => guide(x, 2)),
    "scaling in and out of the UNet, two runs":
      2 * (await cost(50, () => model.denoised(x, combine([0.5, x]), 2))),
    "ADM vectors": (2 * (await cost(50, () => admVector(pooled, size, { scale: 1.5, end: 0.3 })))) / steps,
    "preview, drawn": await cost(50, () => previewOf(latent, sdxlLatentColours)),
    "preview, encoded as WebP": await cost(20, () => encodePreview(preview, "webp")),
    "PNG of the picture": (await cost(5, () => encodeImage(picture, "png"))) / steps,
  };
}

/** Real steps of the real stage: processor time of the UNet's runs and of everything around them, a step. */
async function realStep(path: string): Promise<Readonly<{ unet: number; ours: number }>> {
  const residency = new Residency(
    { device: "cpu", weights: "in-place", threads: 0 },
    { bytes: 2 ** 40 },
    silentLog,
  );
  const derived = new DerivedFiles({ folder: "derived", budget: 0 }, silentLog); // no LoRA, so nothing is written
  const networks = openNetworks(
    { base: path, loras: [] },
    { clipSkip: 2 },
    {
      operators: operators.cpu,
      residency,
      derived,
    },
  );
  const { textL, textG } = sdxlCheckpoint(readSafetensors(path));
  const width = (tensors: WeightMap): number =>
    tensors.get("embeddings.token_embedding.weight")?.shape[1] ?? 0;
  const pooled = textG.get("text_projection")?.shape[1] ?? 0;
  const text = { context: random([1, 77, width(textL) + width(textG)]), pooled: random([1, pooled]) };
  await networks.unet(unetInputs(random(dims), 500, text.context, random([1, pooled + 1536]))); // opens it, and fills the page cache
  let unet = 0;
  const timed: Networks = {
    ...networks,
    unet: async (input) => {
      const before = processorTime();
      const answer = await networks.unet(input);
      unet += processorTime() - before;
      return answer;
    },
  };
  const asked = { ...recipe, steps: realSteps };
  const [spec] = asked.images;
  if (spec === undefined) throw new Error("a recipe has an image");
  const before = processorTime();
  const prompts = { positive: text, negative: text };
  const job = stubJob(timed, { recipe: asked });
  const stage = denoise({ job, index: 0, spec, prompts, beginning: fromNoise(asked) });
  for await (const fact of stage)
    if (fact.type === "progress" && fact.preview !== undefined) await encodePreview(fact.preview, "webp");
  const ours = processorTime() - before - unet;
  await residency.close();
  return { unet: unet / realSteps, ours: ours / realSteps };
}

const [folder = "."] = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const own = folder.endsWith(".safetensors");
const path = own ? folder : join(folder, "synthetic-sdxl-base.safetensors");
const say = (line: string) => process.stdout.write(`${line}\n`);
const measured = await parts();
for (const [name, ms] of Object.entries(measured)) say(`${ms.toFixed(2).padStart(9)} ms  ${name}`);
const sum = Object.values(measured).reduce((a, b) => a + b, 0);
say(`${sum.toFixed(2).padStart(9)} ms  all parts, a step`);
if (!existsSync(path)) writeCheckpoint(path);
try {
  const { unet, ours } = await realStep(path);
  const cores = availableParallelism();
  const wall = unet / cores; // the networks keep all cores busy, ours one
  say(`${unet.toFixed(0).padStart(9)} ms  two UNet runs of a real step, all cores together`);
  say(`${ours.toFixed(2).padStart(9)} ms  everything else in that step`);
  say(`${((100 * ours) / (ours + wall)).toFixed(2).padStart(9)} %   of the step with ${cores} cores`);
} finally {
  if (!own && !process.argv.includes("--keep")) rmSync(path);
}
