import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Performance } from "./performance.ts";

const mostSteps = 1000;

/**
 * The steps a request asks for, else those of its mode.
 *
 * @throws RequestError `invalid-value` if they are too many
 */
export function chooseSteps({ overwrite_step: steps }: GenerateParams, mode: Performance): number {
  if (steps <= 0) return mode.steps;
  if (steps <= mostSteps) return steps;
  const message = `${steps} steps are more than the network has timesteps (${mostSteps}).`;
  throw new RequestError("invalid-value", message, { field: "overwrite_step", value: steps });
}
