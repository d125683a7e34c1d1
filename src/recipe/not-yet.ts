import type { GenerateParams } from "#/api/generate.ts";
import { isImage } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";
import { isNothing } from "#/lib/nothing.ts";
import { type Performance, performanceModes } from "./performance.ts";

/** Features of the contract that are not built yet: how a request uses one, and the field that says so. */
const features: readonly Readonly<{
  field: keyof GenerateParams;
  what: string;
  used: (p: GenerateParams) => boolean;
}>[] = [
  {
    field: "refiner_model_name",
    what: "A refiner",
    used: (p) =>
      !isNothing(p.refiner_model_name) && p.refiner_model_name !== p.base_model_name && !isDistilled(p),
  },
  {
    field: "refiner_swap_method",
    what: "Cutting a run in two at the refiner's switch",
    used: (p) => ["separate", "vae"].includes(p.refiner_swap_method) && cutsRun(p),
  },
  {
    field: "uov_input_image",
    what: "Vary and upscale",
    used: (p) => isImage(p.uov_input_image) && p.uov_method !== "Disabled",
  },
  { field: "inpaint_input_image", what: "Inpainting", used: (p) => isImage(p.inpaint_input_image) },
  {
    field: "controlnet_image",
    what: "Image prompts and ControlNet",
    used: (p) => p.controlnet_image.some(({ cn_img }) => isImage(cn_img)),
  },
  { field: "enhance_input_image", what: "Enhancing a picture", used: (p) => isImage(p.enhance_input_image) },
  {
    field: "enhance_checkbox",
    what: "Enhancement",
    used: (p) =>
      p.enhance_checkbox &&
      (p.enhance_uov_method !== "Disabled" || p.enhance_ctrls.some(({ enhance_enabled }) => enhance_enabled)),
  },
  { field: "black_out_nsfw", what: "The safety checker", used: (p) => p.black_out_nsfw },
];

const isDistilled = (p: GenerateParams): boolean =>
  p.performance_selection !== "Speed" && p.performance_selection !== "Quality";

/** Half to even, as Python rounds. */
const roundEven = (value: number): number =>
  value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);

/**
 * Whether the switch to a refiner lies before the end of the run. The reference cuts the run there also where there is no
 * refiner, in each mode, and goes on with a fresh history of the sampler ("separate") or with new noise ("vae"). A table
 * that is longer than its steps, which only `ddim_uniform` makes, is cut wherever the switch lies.
 */
function cutsRun(p: GenerateParams): boolean {
  const mode: Performance = performanceModes[p.performance_selection];
  const steps = p.overwrite_step > 0 ? p.overwrite_step : mode.steps;
  // By the mode's own number of steps, whatever overwrites that.
  const said = roundEven(mode.steps * (isDistilled(p) ? 1 : p.refiner_switch));
  const at = p.overwrite_switch > 0 ? p.overwrite_switch : said;
  return at < steps || (mode.distilled?.schedule ?? p.scheduler_name) === "ddim_uniform";
}

/**
 * Refuses a request that uses what is not there: never a silently different picture.
 *
 * @throws RequestError `not-implemented` naming the field
 */
export function refuseNotYet(params: GenerateParams): void {
  for (const { field, what, used } of features) {
    if (!used(params)) continue;
    const value = params[field];
    throw new RequestError(
      "not-implemented",
      `${what} is not there yet in this version; leave ${field} at its default.`,
      // An image is a long text; a list of objects is not told again.
      {
        field,
        ...(typeof value === "string" ? { value: value.slice(0, 200) } : {}),
        ...(typeof value === "boolean" ? { value } : {}),
      },
    );
  }
}

/** The image that a tab is about. */
const tabImages = { inpaint: "inpaint_input_image", enhance: "enhance_input_image" } as const;

/**
 * Refuses a request that says it is about an image and brings none: it would be made from the prompt alone.
 *
 * @throws RequestError `invalid-value`
 */
export function refuseEmptyTab(params: GenerateParams): void {
  const { current_tab: tab } = params;
  if ((tab !== "inpaint" && tab !== "enhance") || isImage(params[tabImages[tab]])) return;
  const message = `current_tab says ${tab}, and there is no image in ${tabImages[tab]}.`;
  throw new RequestError("invalid-value", message, { field: "current_tab", value: tab });
}

/**
 * Refuses textual inversion, which is not there yet: the word would be read as a word.
 *
 * @param texts as they are encoded, after wildcards and styles
 * @throws RequestError `not-implemented`
 */
export function refuseEmbeddings(texts: readonly string[], field: "prompt" | "negative_prompt"): void {
  const named = texts.map((text) => /(?:^|[\s,([])(embedding:[^\s,:()]+)/.exec(text)?.[1]).find(Boolean);
  if (named === undefined) return;
  const message = `Textual inversion (${named.slice(0, 100)}) is not there yet in this version; take it out of ${field}.`;
  throw new RequestError("not-implemented", message, { field, value: named.slice(0, 100) });
}
