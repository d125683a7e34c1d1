import type { Embedded } from "./unpack.ts";

/**
 * What the binary carries inside. A checkout carries nothing, which is what this file says; `scripts/build.ts`
 * bundles a module of its own in this one's place.
 */
export const embedded: Embedded | undefined = undefined;
