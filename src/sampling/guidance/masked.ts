import { Mt19937 } from "../noise/mt19937.ts";
import type { Denoise, Latent } from "../sampler.ts";

/** What a picture keeps, and where: both in sampler space, [1, 4, h, w] and [1, 1, h, w]. */
export type Kept = Readonly<{
  clean: Latent;
  /** 1 where something new is to be, 0 where the picture is kept. */
  hole: Latent;
}>;

/** Seeds of the noise are counted modulo this. */
const seedEnd = 2n ** 63n - 1n;

/**
 * An estimate that repaints a hole (Lugmayr et al. 2022 in its simplest form): where the picture is kept, the network sees it
 * with noise of the level, a fresh draw at every call, and the estimate is the picture itself. The x of the sampler is left as
 * it is. The draws are of a generator of the run's own, in the order of the calls, whatever device draws the others.
 *
 * @param seed of the image; the generator's is one more, so that it does not draw the run's own noise again
 */
export function masked(denoise: Denoise, { clean, hole }: Kept, seed: bigint): Denoise {
  const random = new Mt19937((seed + 1n) % seedEnd);
  return async (x, sigma) => {
    const fresh = random.randn(x.data.length);
    const level = Math.fround(sigma);
    const noisy = { dims: x.dims, data: fresh.map((n, i) => clean.data[i]! + Math.fround(n * level)) };
    return blended(hole, await denoise(blended(hole, x, noisy), sigma), clean);
  };
}

/** The first latent in the hole, the second outside, of each channel. */
function blended({ data: hole }: Latent, inside: Latent, outside: Latent): Latent {
  const { dims, data } = inside;
  const plane = hole.length;
  return { dims, data: data.map((value, i) => (hole[i % plane]! > 0 ? value : outside.data[i]!)) };
}
