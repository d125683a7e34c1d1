import { combine, type Latent, pairs, type Steps, slope, type Walk } from "../sampler.ts";

/**
 * Heun++ of Carzit's collection of samplers: Euler steps look one and two levels ahead, and the slopes there are weighed
 * in by their levels relative to the first one. Three network calls a step, two and one in the last two.
 *
 * The weights are not Heun's: the slopes ahead count for less the further down the run is, and it is of first order.
 */
export async function* heunpp2({ denoise, x: start, sigmas }: Walk): Steps {
  let x = start;
  const end = sigmas.at(-1);
  const highest = sigmas[0] ?? 0;
  for (const [index, from, to] of pairs(sigmas)) {
    const denoised = await denoise(x, from);
    yield { index, sigma: from, x, denoised };
    const slopes = [slope(x, denoised, from)];
    let ahead = x;
    for (const [i, level, next] of pairs(sigmas.slice(index, index + 3))) {
      if (next === end) break;
      ahead = combine([1, ahead], [next - level, slopes[i]!]);
      slopes.push(slope(ahead, await denoise(ahead, next), next));
    }
    const weights = slopes.map((_, i) => (i === 0 ? 0 : sigmas[index + i]! / (slopes.length * highest)));
    weights[0] = 1 - weights.reduce((sum, weight) => sum + weight);
    const terms = slopes.map((d, i): [number, Latent] => [weights[i]! * (to - from), d]);
    x = combine([1, x], ...terms);
  }
  return x;
}
