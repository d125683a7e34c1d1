import type { ImageFacts, Moment, Outcome } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { ImageSpec, Recipe } from "#/recipe/recipe.ts";
import type { Networks } from "#/runtime/models.ts";
import type { EngineContext } from "./context.ts";
import { Interruption, type Run } from "./run.ts";
import { decode } from "./stages/decode.ts";
import { denoise } from "./stages/denoise.ts";
import { encodePrompts, type Prompts } from "./stages/encode-prompts.ts";
import { startLatent } from "./stages/start-latent.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What a job tells while it runs. */
export type Fact = Readonly<
  | { type: "progress"; at: Moment; preview?: Pixmap }
  | { type: "image"; index: number; image: Pixmap; facts: ImageFacts }
>;

/**
 * The whole algorithm, from a recipe to pixels: text for all images first, then image by image latent -> denoise ->
 * decode (pipeline section 1). An image is yielded the moment it exists, so a later failure cannot take it back.
 *
 * @returns how the job ended: `stopped` keeps the images that were made; a skipped image is simply absent
 * @throws AppError what a stage could not do; the worker settles the job with it
 */
export async function* generate(
  recipe: Recipe,
  context: EngineContext,
  run: Run,
): AsyncGenerator<Fact, Outcome, undefined> {
  const clock = new Stopwatch();
  try {
    yield { type: "progress", at: { stage: "loading", image: 0 } };
    const networks = await clock.time("loading", () => context.open(recipe));
    run.checkStop();

    const prompts = yield* encodePrompts(recipe, networks, context, run, clock);
    for (const [index, spec] of recipe.images.entries()) {
      const prompt = prompts[index];
      if (prompt === undefined) continue;
      const image = yield* oneImage(recipe, spec, index, prompt, networks, run, clock);
      if (image !== undefined) yield image;
    }
    return { status: "finished" };
  } catch (thrown) {
    if (thrown instanceof Interruption) return { status: "stopped" };
    throw thrown;
  } finally {
    await context.endJob();
  }
}

/** One image, or nothing if it was skipped. A stop passes through, as everything else does. */
async function* oneImage(
  recipe: Recipe,
  spec: ImageSpec,
  index: number,
  prompts: Prompts,
  networks: Networks,
  run: Run,
  clock: Stopwatch,
): AsyncGenerator<Fact, Extract<Fact, { type: "image" }> | undefined, undefined> {
  try {
    const start = startLatent(recipe);
    const latent = yield* denoise(recipe, spec, index, start, prompts, networks, run, clock);
    run.check();
    yield { type: "progress", at: { stage: "decoding", image: index } };
    const image = await clock.time("decoding", () => decode(latent, networks));
    return { type: "image", index, image, facts: { seed: spec.seed, timings: clock.lap() } };
  } catch (thrown) {
    if (thrown instanceof Interruption && thrown.action === "skip") return undefined;
    throw thrown;
  }
}
