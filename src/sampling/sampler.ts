import type { Tensor } from "#/tensor/tensor.ts";

/** A latent in sampler space: x = x0 + sigma * noise ("variance exploding"), [1, 4, h, w]. */
export type Latent = Tensor;

/** The guided estimate of the clean latent at a noise level (Karras et al. 2022, D in equation 2). */
export type Denoise = (x: Latent, sigma: number) => Promise<Latent>;

/** Unit Gaussian of x's shape for the step between two noise levels. */
export type Noise = (from: number, to: number) => Latent;

/** What is known once the network has answered for a step, before x moves on. */
export type Step = Readonly<{ index: number; sigma: number; x: Latent; denoised: Latent }>;

/** What a sampler walks with. */
export type Walk = Readonly<{
  denoise: Denoise;
  /** The noisy latent at the first level. */
  x: Latent;
  /** Falling; the last one is 0 unless noise is to be left. */
  sigmas: readonly number[];
  noise: Noise;
  /** The timestep that stands for a level, for a sampler that jumps to another one. */
  timestep: (sigma: number) => number;
}>;

/** The steps as they come, and the last x as the return value. */
export type Steps = AsyncGenerator<Step, Latent, undefined>;

/**
 * Walks down a table of sigmas. Pure: whoever iterates shows progress, makes previews and stops by leaving the loop.
 * The step is yielded after its first network call and before x is updated; the last x is the return value.
 *
 * Indexes count as the reference's callback does: mostly one for each level of the table but the last, fewer where a
 * sampler chooses its own steps, and more where it cannot know how many it will need (`dpm_adaptive`).
 */
export type Sampler = Readonly<{
  sample: (walk: Walk) => Steps;
  /** Where its noise comes from: one Brownian path, or fresh draws in the order they are asked for. */
  noise: "brownian" | "fresh";
  /**
   * Where only a part of a picture is painted anew, it walks as if all of it were: in the reference it asks past the mask. What
   * lies elsewhere is put back at the end.
   */
  asksPastMask?: boolean;
  /** Wants a table for one step more, without its last level before 0 (second-order methods that stumble over it). */
  discardPenultimate?: boolean;
}>;

/** A linear combination, in float32: `combine([a, x], [b, y])` is a·x + b·y. */
export function combine(
  first: readonly [number, Latent],
  ...rest: readonly (readonly [number, Latent])[]
): Latent {
  const [factor, { dims, data }] = first;
  const sum = new Float32Array(data.length);
  for (let i = 0; i < sum.length; i += 1) sum[i] = factor * data[i]!;
  for (const [weight, term] of rest) {
    const values = term.data;
    for (let i = 0; i < sum.length; i += 1) sum[i]! += weight * values[i]!;
  }
  return { dims, data: sum };
}

/** Neighbours of a table with their index: [0, s0, s1], [1, s1, s2], ... */
export function* pairs(sigmas: readonly number[]): Generator<readonly [number, number, number]> {
  for (let i = 0; i + 1 < sigmas.length; i += 1) yield [i, sigmas[i]!, sigmas[i + 1]!];
}

/** The direction of the probability-flow ODE in sigma (Karras et al. 2022, equation 3): dx/dsigma = (x - D) / sigma. */
export const slope = (x: Latent, denoised: Latent, sigma: number): Latent =>
  combine([1 / sigma, x], [-1 / sigma, denoised]);

/** Where an ancestral step lands without noise, and how much noise takes it back up: down² + up² = to². */
export function ancestralSplit(from: number, to: number): { down: number; up: number } {
  if (to === 0) return { down: 0, up: 0 };
  const up = Math.min(to, Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
  return { down: Math.sqrt(to ** 2 - up ** 2), up };
}
