import { stepsWalked } from "#/sampling/fewer-steps.ts";
import { checkedBefore } from "#/sampling/guidance/checked.ts";
import { guided, isGuided } from "#/sampling/guidance/guidance.ts";
import { askedTogether, checkedPair, type Pair } from "#/sampling/guidance/paired.ts";
import { holding, type Sides, type StepCache } from "#/sampling/guidance/step-cache.ts";
import type { ModelSampling } from "#/sampling/model-sampling.ts";
import type { Denoise, Latent } from "#/sampling/sampler.ts";
import type { ImageJob, Job } from "./job.ts";
import { firstAndLast, type Levels, levelAfter } from "./levels.ts";

/** A side of the guidance. */
export type Side = "positive" | "negative";

/** A model in an image's run: what its answers mean, and its network asked under one side's text. */
export type DenoisingModel = Readonly<{
  sampling: ModelSampling;
  estimate: (side: Side) => Denoise;
  /** Its network asked under both texts, in one run where that can be; `between` is called between two. */
  both: (between: () => void) => Pair;
  /** A word for what the network is told at a level besides latent and timestep; another word where that is something else. */
  told: (sigma: number) => string;
  /** Makes a latent of its own of the base model's, both in VAE space; left out where they are the same. */
  convert?: (latent: Latent) => Promise<Latent>;
}>;

/**
 * D(x, σ), the estimate of the clean latent that a sampler asks for, from the outside in (pipeline section 7.2). What
 * changes an estimate is a wrapper here; what the network is told besides is one more of its inputs (`base-model.ts`). How the
 * two sides are mixed is stacked in the same way in guidance.ts.
 *
 * @param levels of the stretch that it is asked in
 */
export function denoiser({ job }: ImageJob, model: DenoisingModel, levels: Levels): Denoise {
  const { run, runs, recipe, networks } = job;
  const { until = 1, ...guidance } = recipe.guidance;
  const endsAt = levelAfter(until, levels);
  // One network run each: what is estimated under one side's text.
  const branch = (side: Side): Denoise => {
    const estimate = model.estimate(side);
    return checkedBefore(
      () => run.check(),
      async (x, sigma) => {
        const made = await estimate(x, sigma);
        runs.make();
        return made;
      },
    );
  };
  const weight = (sigma: number): number => (sigma > endsAt ? Math.abs(guidance.cfg - 1) : 0);
  const alone = { positive: branch("positive"), negative: branch("negative") };
  // What a step may go without is not asked for in the same run.
  const isTogether =
    networks.room?.guidance === "together" && isGuided(guidance) && recipe.cache === undefined;
  const check = (): void => run.check();
  const both = (): Pair => checkedPair(check, counting(runs, model.both(check)));
  const asked = isTogether ? askedTogether(both(), alone, (sigma) => sigma > endsAt) : alone;
  const sides = held(asked, recipe.cache, {
    weight,
    ...firstAndLast(levels),
    told: model.told,
  });
  return counted(job, guided(sides.positive, sides.negative, { ...guidance, endsAt }, model.sampling));
}

/** Both sides' estimates count, however few runs they took. */
const counting =
  (runs: Job["runs"], both: Pair): Pair =>
  async (x, sigma) => {
    const answers = await both(x, sigma);
    runs.make(2);
    return answers;
  };

/** How far what is held may be off at the field's highest value. */
const mostDrift = 0.28;

/** The sides as the recipe has them asked: each time, or not where they would hardly answer otherwise than before. */
const held = (sides: Sides, cache: number | undefined, how: Omit<StepCache, "tolerance">): Sides =>
  cache === undefined ? sides : holding(sides, { ...how, tolerance: cache * mostDrift });

/** Without savings every estimate is a run for each side, in as many steps as were asked for. */
function counted({ runs, recipe }: Job, denoise: Denoise): Denoise {
  const { steps, guidance } = recipe;
  const each = ((isGuided(guidance) ? 2 : 1) * steps) / stepsWalked(recipe);
  return async (x, sigma) => {
    runs.ask(each);
    return await denoise(x, sigma);
  };
}
