import type { Sidecar } from "#/catalog/sidecar.ts";
import type { Recipe } from "./recipe.ts";

/** How a checkpoint is sampled, where the file beside it says so. */
export function sampledAs({
  prediction_type: prediction,
  zero_terminal_snr: zeroTerminalSnr,
}: Sidecar): Pick<Recipe, "sampledAs"> {
  if (prediction === undefined && zeroTerminalSnr === undefined) return {};
  return {
    sampledAs: {
      ...(prediction === undefined ? {} : { prediction }),
      ...(zeroTerminalSnr === undefined ? {} : { zeroTerminalSnr }),
    },
  };
}
