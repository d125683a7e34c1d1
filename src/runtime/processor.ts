import type { ProcessorFeatures } from "#/lib/processor-features.ts";

/** Instructions that add products of 8 bits in 32: without them the runtime's kernels add in 16, and saturate. */
const eightBitProducts = ["avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"];

/** Whether the processor multiplies in 8 bits without losing anything; undefined where it says nothing. */
export const multipliesEightBits = (features: ProcessorFeatures): boolean | undefined =>
  features && eightBitProducts.some((name) => features.has(name));
