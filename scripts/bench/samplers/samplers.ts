/**
 * What each sampler costs a step beside the network: the demo model's denoising through the engine as a job has it, texts
 * encoded, and of each step the processor time without the UNet's runs (sampler, guidance with its sharpness filter, noise,
 * preview). With a Python that has diffusers, its schedulers of the same methods walk as many steps with the same network and
 * the same prompt in the same run. With a checkpoint of full size, two runs of its UNet are a step that ours is compared with.
 *
 *   bun scripts/bench/samplers/samplers.ts [--python PATH] [--full-size FILE] [--side 512] [--steps 30]
 *
 * All on one thread, so that no thread that waits for work is counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { operators } from "#/graph/operators.ts";
import { silentLog } from "#/lib/log.ts";
import { openContext } from "#/pipeline/context.ts";
import { type Job, openJob } from "#/pipeline/job.ts";
import { Run } from "#/pipeline/run.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import { encodePrompts, type Prompts } from "#/pipeline/stages/encode-prompts.ts";
import { sdxlLatentColours } from "#/recipe/latent-colours.ts";
import { type Recipe, type SamplerName, samplerNames } from "#/recipe/recipe.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Residency } from "#/runtime/residency.ts";
import { smallRecipe } from "../../../test/support/small-recipe.ts";
import { admOf, type PeerRow, peerRows, randomTensor } from "./peer.ts";

const { values: flags } = parseArgs({
  options: {
    "full-size": { type: "string" },
    python: { type: "string" },
    side: { type: "string", default: "512" },
    steps: { type: "string", default: "30" },
  },
});
const [steps, side] = [Number(flags.steps), Number(flags.side)];
const models = join(import.meta.dir, "../../../models");
const checkpoint = "fooocusd-demo.safetensors";
const recipe: Recipe = {
  ...smallRecipe,
  base: checkpoint,
  size: { width: side, height: side },
  steps,
  noise: "gpu",
  previews: { by: "colours", colours: sdxlLatentColours },
  images: [
    {
      seed: 12345n,
      positive: { texts: ["a red circle on a blue background"], topK: 1 },
      negative: { texts: ["a green square"], topK: 1 },
    },
  ],
};

/** Milliseconds of this process' processor time, all threads. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What a picture's denoising took: processor milliseconds of the UNet's runs, how many, and of all else. */
type Walked = Readonly<{ own: number; network: number; asked: number }>;

async function walk(
  job: Job,
  prompts: Prompts,
  run: Readonly<{ sampler: SamplerName; steps: number }>,
): Promise<Walked> {
  let [network, asked] = [0, 0];
  const unet: typeof job.networks.unet = async (inputs) => {
    const before = processorTime();
    const answer = await job.networks.unet(inputs);
    network += processorTime() - before;
    asked += 1;
    return answer;
  };
  const walked = { ...job, recipe: { ...recipe, ...run }, networks: { ...job.networks, unet } };
  const [spec] = recipe.images;
  if (spec === undefined) throw new Error("a recipe has an image");
  const begun = processorTime();
  const stage = denoise({ job: walked, index: 0, spec, prompts, beginning: fromNoise(recipe) });
  for await (const _ of stage);
  return { own: processorTime() - begun - network, network, asked };
}

/** Wall milliseconds of a run of a full-size UNet at this size on all cores: its processor time, shared among them. */
async function fullSizeRun(path: string): Promise<number> {
  const options = { device: "cpu", weights: "in-place", threads: 1 } as const;
  const residency = new Residency(options, { bytes: 2 ** 40 }, silentLog);
  const derived = new DerivedFiles({ folder: "derived", budget: 0 }, silentLog); // no LoRA, so nothing is written
  const parts = { operators: operators.cpu, residency, derived };
  const { unet } = openNetworks({ base: path, loras: [] }, { clipSkip: 2 }, parts);
  const inputs = {
    sample: randomTensor([1, 4, side / 8, side / 8]),
    timestep: { dims: [1], data: Float32Array.of(500) },
    context: randomTensor([1, 77, 2048]),
    y: randomTensor([1, 2816]),
  };
  await unet(inputs);
  const begun = processorTime();
  await unet(inputs);
  const spent = processorTime() - begun;
  await residency.close();
  return spent / availableParallelism();
}

async function measure(): Promise<void> {
  const full = flags["full-size"] === undefined ? undefined : await fullSizeRun(flags["full-size"]);
  const cache = mkdtempSync(join(tmpdir(), "fooocusd-samplers-"));
  const settings = {
    modelRoots: [models],
    providers: ["cpu"],
    weights: "in-place",
    memoryBudget: 2 ** 33,
    derived: { folder: cache, budget: 0 },
    threads: 1,
  } as const;
  const context = await openContext(settings, () => {}, silentLog, undefined);
  try {
    const job = await openJob({ recipe, inputs: [] }, context, new Run());
    const encoding = encodePrompts(job);
    let prompts: readonly Prompts[] | undefined;
    while (prompts === undefined) {
      const next = await encoding.next();
      if (next.done === true) prompts = next.value;
    }
    const [own] = prompts;
    if (own === undefined) throw new Error("an image has prompts");
    const sample = randomTensor([1, 4, side / 8, side / 8]);
    const timestep = { dims: [1], data: Float32Array.of(500) };
    const { context: text, pooled } = own.positive;
    const answer = await job.networks.unet({ sample, timestep, context: text, y: admOf(pooled, side) });
    const theirs =
      flags.python === undefined
        ? undefined
        : await peerRows(flags.python, join(models, "checkpoints", checkpoint), {
            task: { steps, side: side / 8, guidance: recipe.guidance.cfg, timestep: 500, threads: 1 },
            prompts: own,
            sample,
            answer,
          });
    if (theirs !== undefined)
      console.log(
        `the two UNets' answers differ by ${theirs.difference.toExponential(1)} of the largest value`,
      );
    if (full !== undefined)
      console.log(`a full-size UNet run at ${side} x ${side}: ${(full / 1000).toFixed(1)} s on all cores`);
    for (const sampler of samplerNames) {
      await walk(job, own, { sampler, steps: 3 });
      say(sampler, await walk(job, own, { sampler, steps }), { full, theirs: theirs?.samplers[sampler] });
    }
    await context.endJob();
  } finally {
    await context.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

function say(
  sampler: SamplerName,
  { own, network, asked }: Walked,
  { full, theirs }: Readonly<{ full: number | undefined; theirs: PeerRow | undefined }>,
): void {
  const cells = [
    sampler.padEnd(18),
    `${(own / steps).toFixed(1).padStart(6)} ms beside ${(network / steps).toFixed(0).padStart(5)} ms of the network`,
    `${(asked / steps).toFixed(1)} runs a step`,
  ];
  // A sampler that asks twice a step has a step that takes twice as long.
  if (full !== undefined)
    cells.push(`${((100 * own) / (own + full * asked)).toFixed(2)} % of a full-size step`);
  if (theirs !== undefined)
    cells.push(`diffusers ${theirs.own.toFixed(1)} ms beside ${theirs.network.toFixed(0)} ms`);
  console.log(cells.join("  "));
}

await measure();
