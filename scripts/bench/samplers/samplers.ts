/**
 * What each sampler costs a step beside the network, at 512 x 512: processor milliseconds of the whole denoising stage
 * (sampler, guidance with its sharpness filter, noise, preview) with a UNet that answers at once; what of a step of a
 * full-size network that is; and, with a Python that has diffusers, what its scheduler of the same method and plain guidance
 * cost, in the same run.
 *
 *   bun scripts/bench/samplers/samplers.ts [--full-step MILLISECONDS] [--python PATH] [--steps 30]
 *
 * `--full-step` is what two UNet runs of full size take on this machine, on the clock (`full-size/overhead.ts` tells).
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import { sdxlLatentColours } from "#/recipe/latent-colours.ts";
import type { SamplerName } from "#/recipe/recipe.ts";
import { samplerNames } from "#/recipe/recipe.ts";
import { combine } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { smallRecipe } from "../../../test/support/small-recipe.ts";
import { stubJob } from "../../../test/support/stub-job.ts";

const { values: flags } = parseArgs({
  options: {
    "full-step": { type: "string" },
    python: { type: "string" },
    steps: { type: "string", default: "30" },
  },
});
const steps = Number(flags.steps);
const size = { width: 512, height: 512 };

const zeros = (dims: readonly number[]): Tensor => ({
  dims,
  data: new Float32Array(dims.reduce((product, n) => product * n, 1)),
});

const text = { context: zeros([1, 77, 2048]), pooled: zeros([1, 1280]) };

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** One whole picture's denoising. @returns how often the network was asked */
async function walk(sampler: SamplerName): Promise<number> {
  let asked = 0;
  const unet = async ({ sample }: Readonly<{ sample: Tensor }>): Promise<Tensor> => {
    asked += 1;
    return combine([0.1, sample]);
  };
  const guidance = { ...smallRecipe.guidance, cfg: 4, sharpness: 2, adaptiveCfg: 7 };
  const recipe = { ...smallRecipe, sampler, schedule: "karras", size, steps, guidance, previews } as const;
  const job = stubJob({ unet }, { recipe });
  const [spec] = recipe.images;
  if (spec === undefined) throw new Error("a recipe has an image");
  const stage = denoise({
    job,
    index: 0,
    spec,
    prompts: { positive: text, negative: text },
    beginning: fromNoise(recipe),
  });
  for await (const _ of stage);
  return asked;
}

const previews = { by: "colours", colours: sdxlLatentColours } as const;

const theirs: Readonly<Record<string, number>> =
  flags.python === undefined
    ? {}
    : JSON.parse(
        Bun.spawnSync(
          [flags.python, join(import.meta.dir, "schedulers.py"), `${size.width / 8}`, `${steps}`],
          {
            stderr: "inherit",
          },
        ).stdout.toString(),
      );

const full = flags["full-step"] === undefined ? undefined : Number(flags["full-step"]);
for (const sampler of samplerNames) {
  await walk(sampler);
  const begun = processorTime();
  let asked = 0;
  for (let i = 0; i < 3; i += 1) asked = await walk(sampler);
  const own = (processorTime() - begun) / 3 / steps;
  const runs = asked / steps;
  // A sampler that asks twice a step has a step that takes twice as long.
  const share =
    full === undefined
      ? ""
      : `  ${((100 * own) / (own + (full * runs) / 2)).toFixed(2)} % of a full-size step`;
  const peer = theirs[sampler];
  const beside = peer === undefined ? "" : `  diffusers ${peer.toFixed(2)} ms`;
  console.log(
    `${sampler.padEnd(20)} ${own.toFixed(1).padStart(6)} ms, ${runs.toFixed(1)} runs a step${share}${beside}`,
  );
}
