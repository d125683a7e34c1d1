import type { Latent } from "#/sampling/sampler.ts";
import { type DenoisingModel, denoiser } from "../denoiser.ts";
import type { Fact } from "../generate.ts";
import { type Passage, walkStretch } from "../passage.ts";
import { repainting } from "../repainting.ts";

/** A model that takes over, and the step after whose first network call it does. */
export type TakingOver = Readonly<{ model: DenoisingModel; at: number }>;

/**
 * One run, in which another model may take over: the sampler goes on with its history, and asks the other one from then
 * on. A sampler of two calls a step has its second one of that very step answered by it.
 *
 * @returns latent in VAE space
 */
export async function* jointly(
  passage: Passage,
  next: TakingOver | undefined,
): AsyncGenerator<Fact, Latent, undefined> {
  const { image, base, plan, x, noise } = passage;
  const { sampling } = base;
  const { sigmas } = plan;
  const levels = { sigmas, before: 0, steps: sigmas.length - 1 };
  let asked = denoiser(image, base, levels);
  const denoise = repainting(image, base, (at, sigma) => asked(at, sigma));
  const onStep = (index: number): void => {
    if (index === next?.at) asked = denoiser(image, next.model, levels);
  };
  const end = yield* walkStretch(passage, { sampling, denoise, x, sigmas, noise, before: 0, onStep });
  return sampling.latents.toVae(end);
}
