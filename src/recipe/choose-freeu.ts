import type { GenerateParams } from "#/api/generate.ts";
import type { FreeU } from "./recipe.ts";

/** FreeU's numbers as the request says them, or nothing where it leaves FreeU off. */
export const chooseFreeU = (params: GenerateParams): FreeU | null =>
  params.freeu_enabled
    ? { b1: params.freeu_b1, b2: params.freeu_b2, s1: params.freeu_s1, s2: params.freeu_s2 }
    : null;
