import { type GenerateParams, type GenerateRequest, generateFields } from "#/api/generate.ts";
import { knownName } from "./names.ts";
import { type Preset, presetRequest } from "./preset.ts";
import { seedEnd } from "./recipe.ts";
import { storedSize } from "./sizes.ts";

/** The preset name that means "none". */
export const noPreset = "initial";

/** LoRA slots of a settled request. */
const loraSlots = 5;

export type SettleContext = Readonly<{
  /** The server's own values for everything a request does not say. */
  defaults: GenerateParams;
  presets: ReadonlyMap<string, Preset>;
  /** A seed from 0 to 2^63 - 1. */
  randomSeed: () => bigint;
}>;

/**
 * Fills a request: what the body says, else what its preset says, else the server's default. The seed is drawn, LoRA
 * slots are five. The result is what the task keeps, and settling it again changes nothing.
 *
 * @throws RequestError `unknown-model` for a preset that does not exist
 */
export function settle(
  request: GenerateRequest,
  { defaults, presets, randomSeed }: SettleContext,
): GenerateParams {
  const name = request.preset ?? defaults.preset;
  const preset = name === noPreset ? {} : presetOf(name, presets);
  // The field order of the contract, whatever order the parts have.
  const merged = { ...defaults, ...preset, ...request };
  const ordered = Object.fromEntries(generateFields.map((field) => [field, merged[field]])) as GenerateParams;
  const seed = ordered.image_seed;
  return {
    ...ordered,
    aspect_ratios_selection: storedSize(ordered.aspect_ratios_selection),
    image_seed: seed >= 0n && seed < seedEnd ? seed : randomSeed(),
    loras: padded(ordered.loras),
  };
}

function presetOf(name: string, presets: ReadonlyMap<string, Preset>): GenerateRequest {
  const known = knownName(name, [...presets.keys()], "preset", "preset");
  return presetRequest(presets.get(known) ?? {});
}

const emptySlot = { enabled: true, model_name: "None", weight: 1 };

const padded = (loras: GenerateParams["loras"]): GenerateParams["loras"] =>
  [...loras, ...Array.from({ length: loraSlots }, () => emptySlot)].slice(
    0,
    Math.max(loraSlots, loras.length),
  );
