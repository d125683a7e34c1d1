import { packedModel } from "./packed-model.ts";

/**
 * Path of an upscaler of `test/golden/models`, unpacked under its own name.
 *
 * @param name without `upscaler-` before it and `.zst` behind
 */
export const upscalerFile = (name: string): string => packedModel(`upscaler-${name}`);
