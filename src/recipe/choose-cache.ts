import type { GenerateParams } from "#/api/generate.ts";
import { stepsWalked } from "#/sampling/fewer-steps.ts";
import type { Recipe } from "./recipe.ts";

/** How readily network runs are left out; not at all by a sampler that finds its own steps by how much estimates differ. */
export const chooseCache = (
  { cache }: Pick<GenerateParams, "cache">,
  { sampler }: Pick<Recipe, "sampler">,
): Pick<Recipe, "cache"> => (cache === 0 || sampler === ownSteps ? {} : { cache });

/** Says what of these fields changes nothing, and why. */
export function idleSavings(
  { cache, cfg_until }: Pick<GenerateParams, "cache" | "cfg_until">,
  { sampler, guidance, steps }: Pick<Recipe, "sampler" | "guidance" | "steps">,
): readonly string[] {
  return [
    ...(cache > 0 && sampler === ownSteps
      ? [
          `cache is left out: ${sampler} finds its steps by how much estimates differ, and asks for each. Another sampler_name heeds it.`,
        ]
      : []),
    ...(cache > 0 && sampler !== ownSteps && guidance.cfg === 1 && stepsWalked({ steps, cache }) === steps
      ? [
          `cache changes nothing: ${steps} steps are made as they are, and there is no guidance whose negative side could be left out.`,
        ]
      : []),
    ...(cfg_until < 1 && guidance.cfg === 1
      ? [
          "cfg_until changes nothing: there is no guidance, which guidance_scale 1 and the fast modes go without.",
        ]
      : []),
  ];
}

const ownSteps: Recipe["sampler"] = "dpm_adaptive";
