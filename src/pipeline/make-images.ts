import { sampledSize } from "./base-model.ts";
import type { EngineContext } from "./context.ts";
import { type Guiding, guide } from "./controls/guide.ts";
import type { Fact } from "./generate.ts";
import { type ImageJob, type Job, type Order, openJob, precisionOf } from "./job.ts";
import { Interruption, type Run } from "./run.ts";
import { begin } from "./sources/begin.ts";
import type { Beginning, LatentBeginning } from "./sources/beginning.ts";
import { needsTexts } from "./sources/needs-texts.ts";
import { checked } from "./stages/checked.ts";
import { decode } from "./stages/decode.ts";
import { denoise } from "./stages/denoise.ts";
import { encodePrompts } from "./stages/encode-prompts.ts";

/**
 * The images of a recipe: text for all of them first, then what all of them start from, then image by image denoise -> decode
 * (pipeline section 1). What the pictures of a recipe make without diffusion is one image, however many were asked for.
 *
 * @throws Interruption where it was stopped, or skipped before the first image
 * @throws AppError what a stage could not do
 */
export async function* makeImages(
  order: Order,
  context: EngineContext,
  run: Run,
): AsyncGenerator<Fact, void, undefined> {
  yield { type: "progress", at: { stage: "loading", image: 0 } };
  const precision = yield* precisionOf(order, context, run);
  const job = await openJob(order, context, run, precision);
  run.checkStop();

  const encoded = needsTexts(job.recipe) ? yield* encodePrompts(job) : [];
  const beginning = yield* begin(job);
  run.checkStop();
  const guiding = beginning.kind === "latent" ? yield* guide(job, beginning) : beginning;
  if (beginning.kind !== "latent" || guiding.kind !== "guides") {
    run.check();
    yield* shown(job, guiding);
    return;
  }
  const { guides } = guiding;
  for (const [index, spec] of job.recipe.images.entries()) {
    const prompts = encoded[index];
    if (prompts === undefined) continue;
    const image = yield* oneImage({ job, index, spec, prompts, beginning, guides });
    if (image !== undefined) yield image;
  }
}

/** Pictures that nothing was diffused for. */
async function* shown(
  job: Job,
  made: Exclude<Beginning, LatentBeginning> | Guiding,
): AsyncGenerator<Fact, void, undefined> {
  if (made.kind === "guides") return;
  const images = made.kind === "picture" ? [made.image] : made.images;
  for (const [index, each] of images.entries()) {
    const { image, ...found } = yield* checked(job, each, index);
    yield { type: "image", index, image, facts: { seed: null, ...found, timings: job.clock.lap() } };
  }
}

/** One image, or nothing if it was skipped. A stop passes through, as everything else does. */
async function* oneImage(
  image: ImageJob,
): AsyncGenerator<Fact, Extract<Fact, { type: "image" }> | undefined, undefined> {
  const { job, index, spec, beginning } = image;
  try {
    const latent = yield* denoise(image);
    job.run.check();
    const decoded = yield* decode(image, latent);
    const { image: pixels, ...found } = yield* checked(job, beginning.finish?.(decoded) ?? decoded, index);
    const { expansion } = image.prompts;
    const facts = {
      seed: spec.seed,
      ...found,
      ...(expansion === undefined ? {} : { expansion }),
      ...(job.recipe.source.kind === "inpaint" ? { sampled: sampledSize(beginning) } : {}),
      ...(savesRuns(job.recipe) ? { runs: job.runs.lap() } : {}),
      timings: job.clock.lap(),
    };
    return { type: "image", index, image: pixels, facts };
  } catch (thrown) {
    if (thrown instanceof Interruption && thrown.action === "skip") return undefined;
    throw thrown;
  }
}

/** Whether a request asked for fewer network runs than its steps are. */
const savesRuns = ({ cache, guidance: { until } }: Job["recipe"]): boolean =>
  cache !== undefined || until !== undefined;
