import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Performance } from "./performance.ts";
import type { Source } from "./recipe.ts";

const mostSteps = 1000;

/**
 * Levels of the whole table of which a part is walked. Nobody needs as many; a strength near 0 would ask for any number of
 * them.
 */
const mostLevels = 100_000;

/** A mode as it counts for a source: an enlarged picture is diffused in fewer steps. */
export const modeFor = (mode: Performance, { kind }: Pick<Source, "kind">): Performance =>
  kind === "upscale" ? { ...mode, steps: mode.upscaling } : mode;

/**
 * The steps a request asks for, else those of its mode; none where nothing is diffused.
 *
 * @throws RequestError `invalid-value` if they are too many, for the table or for so little of it
 */
export function chooseSteps(params: GenerateParams, mode: Performance, source: Source): number {
  const steps = stepsAsked(params, mode);
  switch (source.kind) {
    case "noise":
      return steps;
    case "vary":
      return checked(steps, source.strength, "overwrite_vary_strength");
    case "upscale":
      return source.direct ? 0 : checked(steps, source.strength, "overwrite_upscale_strength");
    case "inpaint":
      return checked(steps, source.strength, "inpaint_strength");
  }
}

function checked(steps: number, strength: number, field: string): number {
  if (steps / strength <= mostLevels) return steps;
  const least = steps / mostLevels;
  const message = `A strength of ${strength} is too little for ${steps} steps; ${least} is the least.`;
  throw new RequestError("invalid-value", message, { field, value: strength });
}

function stepsAsked({ overwrite_step: steps }: GenerateParams, mode: Performance): number {
  if (steps <= 0) return mode.steps;
  if (steps <= mostSteps) return steps;
  const message = `${steps} steps are more than the network has timesteps (${mostSteps}).`;
  throw new RequestError("invalid-value", message, { field: "overwrite_step", value: steps });
}
