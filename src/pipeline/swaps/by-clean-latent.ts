import { withChannelMean } from "#/sampling/noise/channel-mean.ts";
import { makeNoise } from "#/sampling/noise/noise-source.ts";
import { planSigmas } from "#/sampling/plan.ts";
import { type Denoise, type Latent, slope } from "#/sampling/sampler.ts";
import { startState } from "#/sampling/start.ts";
import { denoiser } from "../denoiser.ts";
import type { Fact } from "../generate.ts";
import { type Passage, walkStretch } from "../passage.ts";
import { repainting } from "../repainting.ts";
import type { TakingOver } from "./joint.ts";

/** By how much the levels of the second run are higher than those the first one would have gone on with. */
const lift = 1.4;

/**
 * Two runs over a clean latent (the method `vae`): the first is taken down to no noise at the switch, the second starts from
 * what that gives with new noise, at higher levels. The new noise has at each place the mean over the channels of what the
 * first run took for noise last, so that colours stay.
 *
 * @param next the model of the second run, and the step that begins it
 * @returns latent in VAE space
 */
export async function* byCleanLatent(
  passage: Passage,
  { model, at }: TakingOver,
): AsyncGenerator<Fact, Latent, undefined> {
  const { image, method, base, plan, asked, x, noise } = passage;
  const { job, spec } = image;
  const { uncut } = plan;
  const steps = plan.sigmas.length - 1;
  const early = at < uncut.length - 1 ? [...uncut.slice(0, at), 0] : uncut;
  const recorded = remembering(denoiser(image, base, { sigmas: early, before: 0, steps }));
  const first = yield* walkStretch(passage, {
    sampling: base.sampling,
    denoise: repainting(image, base, recorded.denoise),
    x,
    sigmas: early,
    noise,
    before: 0,
  });
  const own = base.sampling.latents.toVae(first);
  const clean = (await model.convert?.(own)) ?? own;
  const { sampling } = model;
  const { noise: rule } = job.recipe;
  const rest = planSigmas(method.schedule, sampling, method.sampler, asked).uncut.slice(at);
  const sigmas = rest.map((sigma) => Math.fround(sigma * lift));
  const eps = recorded.last();
  if (sigmas.length < 2 || eps === undefined) return clean;
  const seed = spec.seed + 1n;
  const second = makeNoise({ seed, rule, dims: x.dims, span: plan.span, kind: "fresh" });
  const end = yield* walkStretch(passage, {
    sampling,
    denoise: repainting(image, model, denoiser(image, model, { sigmas, before: at, steps }), 1n),
    x: startState(
      sampling.latents.toSampler(clean),
      withChannelMean(second.initial, eps),
      sigmas[0] ?? 0,
      sampling.sigmaMax,
    ),
    sigmas,
    // One Brownian path serves both runs; fresh noise begins anew with the new seed.
    noise: method.sampler.noise === "brownian" ? noise : second.noise,
    before: at,
  });
  return sampling.latents.toVae(end);
}

/** An estimate whose last answer is kept, as the noise it found: (x - D) / sigma. */
function remembering(denoise: Denoise): Readonly<{ denoise: Denoise; last: () => Latent | undefined }> {
  let last: Latent | undefined;
  return {
    denoise: async (x, sigma) => {
      const denoised = await denoise(x, sigma);
      last = slope(x, denoised, sigma);
      return denoised;
    },
    last: () => last,
  };
}
