import type { NoiseRule } from "#/lib/devices.ts";
import { sizeOf } from "#/tensor/tensor.ts";
import type { Latent, Noise, Sampler } from "../sampler.ts";
import { BrownianTree } from "./brownian-tree.ts";
import { cpuRandn, Mt19937 } from "./mt19937.ts";
import { gpuRandn } from "./philox.ts";

export type NoiseOptions = Readonly<{
  seed: bigint;
  rule: NoiseRule;
  dims: readonly number[];
  /** Lowest and highest level that a Brownian path has to reach. */
  span: readonly [number, number];
  kind: Sampler["noise"];
}>;

/**
 * All the randomness of one image: the initial noise, and what the sampler asks for on its way. On the CPU the fresh
 * draws continue the stream of the initial noise, on a GPU they are a stream of their own with the same seed.
 */
export function makeNoise({ seed, rule, dims, span, kind }: NoiseOptions): {
  initial: Latent;
  noise: Noise;
} {
  const length = sizeOf(dims);
  const stream = new Mt19937(seed);
  const initial = { dims, data: stream.randn(length) };
  if (kind === "fresh") {
    let draw = 0;
    const gpu = (): Float32Array => {
      draw += 1;
      return gpuRandn(seed, length, draw - 1);
    };
    const cpu = (): Float32Array => stream.randn(length);
    return { initial, noise: () => ({ dims, data: rule === "gpu" ? gpu() : cpu() }) };
  }
  const randn = rule === "gpu" ? gpuRandn : cpuRandn;
  const tree = new BrownianTree(...span, seed, (s) => randn(s, length));
  return {
    initial,
    noise: (from, to) => {
      const scale = -1 / Math.sqrt(from - to);
      return { dims, data: tree.increment(to, from).map((value) => value * scale) };
    },
  };
}
