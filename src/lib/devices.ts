/** What networks run on, by the names that ONNX Runtime gives its execution providers. */
export const devices = ["cuda", "webgpu", "cpu"] as const;

/** One of them. */
export type Device = (typeof devices)[number];

/**
 * Which device's random numbers per-step noise follows, as PyTorch has them: a GPU's (Philox) or the CPU's (Mersenne
 * Twister). Initial noise is the CPU's in both.
 */
export const noiseRules = ["gpu", "cpu"] as const;

/** One of them. */
export type NoiseRule = (typeof noiseRules)[number];

/** In which numbers networks count: as their files have them, or in 8 bits where a processor gains by it. */
export const precisions = ["full", "fast"] as const;
export type Precision = (typeof precisions)[number];

/** Where an entry of the setting `engines` is to work, and the number of its card where it names one: `cpu`, `webgpu`, `cuda`, `cuda:1`. */
export function engineEntry(entry: string): Readonly<{ device: Device; gpu?: number }> {
  const [device, number] = entry.split(":") as [Device, string?];
  return number === undefined ? { device } : { device, gpu: Number(number) };
}
