import { readFileSync } from "node:fs";

/** What a processor says it can, in Linux' words; undefined where nobody says. */
export type ProcessorFeatures = ReadonlySet<string> | undefined;

/** The first processor's, as Linux lists them: `flags` on x86, `Features` on Arm. */
export function processorFeatures(path = "/proc/cpuinfo"): ProcessorFeatures {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync(path, "utf8"));
    return line?.[1] === undefined ? undefined : new Set(line[1].trim().split(/\s+/));
  } catch {
    return undefined; // another system
  }
}

/** Instructions that add products of 8 bits in 32: without them the runtime's kernels add in 16, saturate and gain nothing. */
const eightBitProducts = ["avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"];

/** Whether the processor multiplies in 8 bits without losing anything; undefined where it says nothing. */
export const multipliesEightBits = (features: ProcessorFeatures): boolean | undefined =>
  features && eightBitProducts.some((name) => features.has(name));
