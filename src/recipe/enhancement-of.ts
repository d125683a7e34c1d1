import type { GenerateParams } from "#/api/generate.ts";
import { knownName } from "./names.ts";

/** What a request asks to be done with its pictures after they were made. */
export type AskedEnhancement = Readonly<{
  /** When the pictures are varied or enlarged: before all regions, after them, or never. */
  whole: "first" | "last" | "never";
  /** Whether that has the prompts of the last region that has some of its own. */
  lastPrompts: boolean;
  /** Places of the regions that are enabled. */
  regions: readonly number[];
}>;

export const orders = ["Before First Enhancement", "After Last Enhancement"] as const;
export const promptTypes = ["Original Prompts", "Last Filled Enhancement Prompts"] as const;

/**
 * @returns undefined where nothing is asked for: the check box is off, or nothing is enabled
 * @throws RequestError `unknown-model` for an order or a type of prompts that nobody knows: in Fooocus it would never run
 */
export function enhancementOf(params: GenerateParams): AskedEnhancement | undefined {
  if (!params.enhance_checkbox) return undefined;
  const regions = params.enhance_ctrls.flatMap(({ enhance_enabled }, at) => (enhance_enabled ? [at] : []));
  const isWhole = params.enhance_uov_method !== "Disabled";
  if (!isWhole && regions.length === 0) return undefined;
  if (!isWhole) return { whole: "never", lastPrompts: false, regions };
  const { enhance_uov_processing_order: order, enhance_uov_prompt_type: prompts } = params;
  knownName(order, orders, "enhance_uov_processing_order", "order");
  knownName(prompts, promptTypes, "enhance_uov_prompt_type", "type of prompts");
  const isLast = order === "After Last Enhancement";
  return {
    whole: isLast ? "last" : "first",
    lastPrompts: isLast && prompts === "Last Filled Enhancement Prompts",
    regions,
  };
}
