import type { GenerateRequest } from "#/api/generate.ts";
import { metadataSchemes, performances } from "#/api/generate-objects.ts";
import type { JsonObject } from "#/api/json.ts";
import { formatNames } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import { absentLora, loraOfMode } from "#/recipe/choose-loras.ts";
import { orders, promptTypes } from "#/recipe/enhancement-of.ts";
import { inpaintEngines, swapMethods } from "#/recipe/known-names.ts";
import { performanceModes, setByMode } from "#/recipe/performance.ts";
import { noPreset, ownVae, presetOf } from "#/recipe/preset.ts";
import { samplerNames, scheduleNames } from "#/recipe/recipe.ts";
import type { World } from "#/recipe/resolve.ts";
import { settle } from "#/recipe/settle.ts";
import { expansionStyle, randomStyle } from "#/recipe/styles.ts";
import { usualSizes } from "#/recipe/usual-sizes.ts";
import type { Considering } from "./consider.ts";

type ChoiceParts = Pick<Considering, "world" | "defaultsFor" | "presets">;

/** What chooses values for fields that a request does not say. */
export type ChosenBefore = Pick<GenerateRequest, "preset" | "base_model_name">;

/**
 * What a request may say here, and what it means where it says nothing: names as they are there now, the values of the preset
 * and the checkpoint that it would name, what each performance mode decides by itself, and what would be refused for want of
 * a file.
 *
 * @throws RequestError for a preset that nobody knows or whose files are not there
 */
export function requestChoices(said: ChosenBefore, { world: worldNow, defaultsFor, presets }: ChoiceParts) {
  const world = worldNow();
  const preset = presetOf(said, presets, world);
  const base = said.base_model_name ?? preset.base_model_name;
  // Nothing is drawn: a seed stays the one that asks for any.
  const defaults = { ...settle(said, { defaults: defaultsFor(base), preset, randomSeed: () => -1n }) };
  const loras = defaults.loras.filter(({ model_name: name }) => name !== "None");
  const modes = performances.map(
    (name) => [name, modeChoice(name, defaults.base_model_name, world)] as const,
  );
  return {
    fields: listsOf(world, defaults.base_model_name, [...presets.keys()]),
    defaults: { ...defaults, loras, image_seed: -1 } as unknown as JsonObject,
    performances: Object.fromEntries(modes) as unknown as JsonObject,
    presets: Object.fromEntries(
      [...presets.keys()].map((name) => [name, lackOf(() => presetOf({ preset: name }, presets, world))]),
    ),
  };
}

function listsOf(world: World, base: string, presets: readonly string[]) {
  const models = ["None", ...world.checkpoints];
  return {
    base_model_name: world.checkpoints,
    refiner_model_name: models,
    vae_name: [ownVae, ...world.vaes],
    loras: world.loras,
    style_selections: [expansionStyle, randomStyle, ...world.styles.map(({ name }) => name)],
    aspect_ratios_selection: usualSizes(world.sidecar(base)),
    performance_selection: [...performances],
    preset: [noPreset, ...presets],
    sampler_name: [...samplerNames],
    scheduler_name: [...scheduleNames],
    refiner_swap_method: [...swapMethods],
    inpaint_engine: [...inpaintEngines],
    output_format: [...new Set(Object.values(formatNames))],
    metadata_scheme: [...metadataSchemes],
    enhance_uov_processing_order: [...orders],
    enhance_uov_prompt_type: [...promptTypes],
  };
}

function modeChoice(name: (typeof performances)[number], base: string, world: World) {
  const mode = performanceModes[name];
  const lora = loraOfMode(name, base, world);
  const isThere = lora === undefined || world.loras.includes(lora);
  return {
    steps: mode.steps,
    sets: setByMode(mode),
    lacks: isThere ? null : absentLora(name, base, lora),
  };
}

/** Why something would be refused; null where it would not. */
function lackOf(attempt: () => unknown): string | null {
  try {
    attempt();
    return null;
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    return thrown.message;
  }
}
