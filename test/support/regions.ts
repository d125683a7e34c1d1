import type { GenerateParams } from "#/api/generate.ts";
import { EnhanceCtrlNets } from "#/api/generate-objects.ts";

type Region = GenerateParams["enhance_ctrls"][number];

const defaults = Object.fromEntries(
  Object.entries(EnhanceCtrlNets.properties).map(([name, { default: value }]) => [name, value as unknown]),
) as Region;

/** A region of the enhancement stage: enabled, found by u2net and painted without an engine, else as a test says. */
export const region = (said: Partial<Region>): Region => ({
  ...defaults,
  enhance_enabled: true,
  enhance_mask_model: "u2net",
  enhance_inpaint_engine: "None",
  ...said,
});
