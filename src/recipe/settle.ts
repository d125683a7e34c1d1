import { type GenerateParams, type GenerateRequest, generateFields } from "#/api/generate.ts";
import { seedEnd } from "./recipe.ts";
import { storedSize } from "./sizes.ts";

/** LoRA slots of a settled request. */
const loraSlots = 5;

export type SettleContext = Readonly<{
  /** The server's own values for everything a request does not say. */
  defaults: GenerateParams;
  /** What the preset says that the request names. */
  preset: GenerateRequest;
  /** A seed from 0 to 2^63 - 1. */
  randomSeed: () => bigint;
}>;

/**
 * Fills a request: what the body says, else what its preset says, else the server's default. The seed is drawn, LoRA
 * slots are five. The result is what the task keeps, and settling it again changes nothing.
 */
export function settle(
  request: GenerateRequest,
  { defaults, preset, randomSeed }: SettleContext,
): GenerateParams {
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

const emptySlot = { enabled: true, model_name: "None", weight: 1 };

const padded = (loras: GenerateParams["loras"]): GenerateParams["loras"] =>
  [...loras, ...Array.from({ length: loraSlots }, () => emptySlot)].slice(
    0,
    Math.max(loraSlots, loras.length),
  );
