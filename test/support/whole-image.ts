import type { Pixmap } from "#/image/pixmap.ts";
import { createLog } from "#/lib/log.ts";
import { type EngineContext, openContext } from "#/pipeline/context.ts";
import { guide } from "#/pipeline/controls/guide.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { openJob } from "#/pipeline/job.ts";
import { Run } from "#/pipeline/run.ts";
import { fromNoise } from "#/pipeline/sources/noise.ts";
import { denoise } from "#/pipeline/stages/denoise.ts";
import { encodePrompts } from "#/pipeline/stages/encode-prompts.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Latent } from "#/sampling/sampler.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { elsewhere } from "./elsewhere.ts";

/** An engine of one thread on the models of a folder, which keeps derived files there too. */
export const openFolder = (folder: string): Promise<EngineContext> =>
  openContext(
    {
      modelRoots: [folder],
      providers: [elsewhere?.device ?? "cpu"],
      weights: "in-place",
      memoryBudget: 2 ** 30,
      derived: { folder: `${folder}/derived`, budget: 2 ** 30 },
      threads: 1,
    },
    () => undefined,
    createLog("error"),
    undefined,
  );

/** Runs a stage to its end. */
async function drain<T>(stage: AsyncGenerator<Fact, T, undefined>): Promise<T> {
  for (;;) {
    const next = await stage.next();
    if (next.done === true) return next.value;
  }
}

/** The first image of a recipe as the latent that will be decoded. */
export async function latentOf(
  recipe: Recipe,
  context: EngineContext,
  inputs: readonly Pixmap[] = [],
): Promise<Latent> {
  const job = await openJob({ recipe, inputs }, context, new Run());
  const [prompts] = await drain(encodePrompts(job));
  const beginning = fromNoise(recipe);
  const guiding = await drain(guide(job, beginning));
  const guides = guiding.kind === "guides" ? guiding.guides : [];
  const image = { job, index: 0, spec: recipe.images[0]!, prompts: prompts!, beginning, guides };
  return drain(denoise(image));
}

/** The first image of a recipe as pixels. */
export async function pictureOf(recipe: Recipe, context: EngineContext): Promise<Pixmap> {
  const order = { recipe, inputs: [] };
  for await (const fact of generate(order, context, new Run())) if (fact.type === "image") return fact.image;
  throw new Error("no image was made");
}

/** How far a picture is off the kept pixels, every second one both ways: the worst level, and the share that differs. */
export function pixelErrors({ data, width }: Pixmap, expected: Tensor): { worst: number; share: number } {
  const [, columns = 0] = expected.dims;
  const distances = expected.data.map((value, at) => {
    const [pixel, colour] = [Math.floor(at / 3), at % 3];
    const [x, y] = [2 * (pixel % columns), 2 * Math.floor(pixel / columns)];
    return Math.abs(value - data[(y * width + x) * 3 + colour]!);
  });
  return { worst: Math.max(...distances), share: distances.filter((d) => d > 0).length / distances.length };
}
