import type { Device } from "#/lib/devices.ts";
import type { FullReason } from "#/lib/full-reason.ts";
import { type ProcessorFeatures, processorFeatures } from "#/lib/processor-features.ts";
import { type EightBitsWorth, tryEightBits } from "./eight-bits-trial.ts";
import { multipliesEightBits } from "./processor.ts";

/** The error that products in 8 bits may have: rounding alone gives 0.006, sums that saturate 0.05 and more (AVX2: 0.19). */
const mostError = 0.02;

/** How many times as fast they must be: less is not worth the error. */
const leastGain = 1.3;

/**
 * Whether networks gain by 8 bits here: by the device, by what the processor says it can, and by a trial of error and gain on
 * the machine itself, in this order.
 *
 * @returns why they do not; undefined where they do
 */
export async function whyFull(
  device: Device,
  features: () => ProcessorFeatures,
  trial: () => Promise<EightBitsWorth>,
): Promise<FullReason | undefined> {
  if (device !== "cpu") return { because: "device", device };
  if (multipliesEightBits(features()) === false) return { because: "processor" };
  const { error, gain } = await trial();
  // Written so that an error that is no number is one.
  if (!(error <= mostError)) return { because: "error", error };
  return gain >= leastGain ? undefined : { because: "gain", gain };
}

/** What an engine asks of its machine. */
export type Machine = Readonly<{
  /** {@link whyFull} of a device and so many threads, tried at most once, when it is asked for first. */
  whyFull: (device: Device, threads: number) => () => Promise<FullReason | undefined>;
}>;

/** The one that this runs on. */
export const thisMachine: Machine = {
  whyFull: (device, threads) => {
    const tried: ReturnType<typeof whyFull>[] = [];
    return () => {
      tried[0] ??= whyFull(device, processorFeatures, () => tryEightBits(threads, leastGain));
      return tried[0];
    };
  },
};
