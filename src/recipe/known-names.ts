import type { GenerateRequest } from "#/api/generate.ts";
import { similarNames } from "./names.ts";
import type { Refiner } from "./recipe.ts";
import { samplerNames, scheduleNames } from "./recipe.ts";
import type { World } from "./resolve.ts";
import { expansionStyle, randomStyle } from "./styles.ts";

const noModel = "None";
/** Values of `inpaint_engine` and `refiner_swap_method`. */
export const inpaintEngines: readonly string[] = ["None", "v1", "v2.5", "v2.6"];
export const swapMethods = ["joint", "separate", "vae"] as const satisfies readonly Refiner["swap"][];

/** A request without the names nobody knows, and what they were, as `field: name (similar: ...)`. */
export type KnownRequest = Readonly<{ kept: GenerateRequest; replaced: readonly string[] }>;

/**
 * The legacy API's rule for names (http-api section 17): an unknown model, sampler, schedule, inpaint engine or swap
 * method gives way to the server's default, which is what a request gets that does not name one; an unknown LoRA
 * becomes none, an unknown style is left out.
 */
export function withKnownNames(request: GenerateRequest, world: World): KnownRequest {
  const lists: Readonly<Record<string, readonly string[]>> = {
    base_model_name: world.checkpoints,
    refiner_model_name: [noModel, ...world.checkpoints],
    sampler_name: samplerNames,
    scheduler_name: scheduleNames,
    inpaint_engine: inpaintEngines,
    refiner_swap_method: swapMethods,
  };
  const replaced: string[] = [];
  const isKnown = (field: string, name: unknown, list: readonly string[]): boolean => {
    if (typeof name === "string" && list.includes(name)) return true;
    const others = list.filter((known) => known !== noModel);
    replaced.push(`${field}: ${String(name).slice(0, 200)}${similarNames(String(name), others)}`);
    return false;
  };
  const kept: GenerateRequest = Object.fromEntries(
    Object.entries(request).filter(([field, value]) => {
      const list = lists[field];
      return list === undefined || isKnown(field, value, list);
    }),
  );
  const styles = [expansionStyle, randomStyle, ...world.styles.map(({ name }) => name)];
  const { style_selections: chosen, loras } = kept;
  return {
    kept: {
      ...kept,
      ...(chosen && { style_selections: chosen.filter((name) => isKnown("style_selections", name, styles)) }),
      ...(loras && {
        loras: loras.map((lora) =>
          isKnown("loras", lora.model_name, [noModel, ...world.loras])
            ? lora
            : { ...lora, model_name: noModel },
        ),
      }),
    },
    replaced,
  };
}
