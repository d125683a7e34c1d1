import { combine, pairs, type Steps, slope, type Walk } from "../sampler.ts";
import { karrasLevels } from "../schedules/karras.ts";
import { heunStep } from "./heun.ts";

/** Restarts begin at the level nearest to the first and go back up to the one nearest to the second. */
const [bottom, top] = [0.1, 2];

/**
 * Restart sampling (Xu et al. 2023, algorithm 1) with Heun's steps: near the end the run is noised back up and walks the
 * same stretch again, which contracts the errors made before.
 *
 * From 20 steps on the table counts with its ends only: Karras' levels take its place, fewer of them, so that the
 * stretches walked again fit into the number of steps. Below that nothing is restarted.
 */
export async function* restart({ denoise, x: start, sigmas, noise }: Walk): Steps {
  let x = start;
  let level = Number.POSITIVE_INFINITY;
  for (const [index, [from, to]] of plan(sigmas).entries()) {
    if (from > level) x = combine([1, x], [Math.sqrt(from ** 2 - level ** 2), noise(level, from)]);
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    x = await heunStep(denoise, x, slope(x, denoised, from), [from, to]);
    level = to;
  }
  return x;
}

type Stretch = readonly [number, number];

/** The steps as pairs of levels, in the order they are walked. */
function plan(sigmas: readonly number[]): readonly Stretch[] {
  const steps = sigmas.length - 1;
  if (steps < 20) return stretches(sigmas);
  const [length, times] = steps < 36 ? [9, 1] : [Math.floor(steps / 4), 2];
  const table = [...karrasLevels(sigmas[steps - 1]!, sigmas[0]!, steps - length * times), 0];
  const [low, high] = [nearest(table, bottom), nearest(table, top)];
  const walked = stretches(table);
  if (high >= low) return walked;
  const again = stretches(karrasLevels(table[low]!, table[high]!, length + 1));
  return [
    ...walked.slice(0, low),
    ...Array.from({ length: times }, () => again).flat(),
    ...walked.slice(low),
  ];
}

const stretches = (levels: readonly number[]): readonly Stretch[] =>
  [...pairs(levels)].map(([, from, to]): Stretch => [from, to]);

/** Index of the nearest entry, the first on a tie. */
function nearest(levels: readonly number[], value: number): number {
  const distances = levels.map((level) => Math.abs(level - value));
  return distances.indexOf(Math.min(...distances));
}
