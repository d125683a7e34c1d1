import type { GenerateRequest } from "#/api/generate.ts";
import { recommendedControl } from "#/api/recommended-control.ts";
import type { EditPictures } from "./edit-pictures.ts";
import type { ImageWords } from "./fields.ts";
import type { Performance } from "./performance.ts";
import { askedSize } from "./size.ts";

/** What was found for a request's words: names that are here, and how its pictures are kept. */
export type Chosen = Readonly<{
  model: string | undefined;
  performance: Performance | undefined;
  format: string;
}>;

/**
 * A request in the main door's words; what it does not say stays open, for the server's defaults.
 *
 * @param pictures of an edit; its mask white where it is painted anew
 * @throws RequestError `invalid-value` for a size that cannot be drawn
 */
export function toGenerateRequest(
  words: ImageWords & Readonly<{ prompt: string }>,
  { model, performance, format }: Chosen,
  pictures: EditPictures | undefined,
): GenerateRequest {
  const size = pictures === undefined && words.size !== undefined ? askedSize(words.size) : undefined;
  const { negative_prompt, guidance_scale, sharpness, sampler_name, scheduler_name, preset } = words;
  return given({
    prompt: words.prompt,
    output_format: format,
    image_number: words.n,
    aspect_ratios_selection: size,
    base_model_name: model,
    performance_selection: performance,
    image_seed: words.seed,
    overwrite_step: words.steps,
    style_selections: words.styles,
    loras: words.loras?.map((lora) => ({ enabled: true, ...lora })),
    negative_prompt,
    guidance_scale,
    sharpness,
    sampler_name,
    scheduler_name,
    preset,
    ...(pictures && fromPictures(words, pictures)),
  });
}

/** With a mask its place is painted anew, without one the picture is varied; more pictures guide what is made. */
function fromPictures(
  { input_fidelity: fidelity, strength }: ImageWords,
  { images: [first, ...others], mask }: EditPictures,
): Opened {
  const { stop, weight } = recommendedControl.ImagePrompt;
  const slots = others.map((cn_img) => ({
    cn_img,
    cn_stop: stop,
    cn_weight: weight,
    cn_type: "ImagePrompt" as const,
  }));
  const guided = slots.length > 0;
  return {
    controlnet_image: guided ? slots : undefined,
    ...(mask === undefined
      ? {
          uov_input_image: first,
          uov_method: fidelity === "high" ? "Vary (Subtle)" : "Vary (Strong)",
          overwrite_vary_strength: strength,
          mixing_image_prompt_and_vary_upscale: guided || undefined,
        }
      : {
          inpaint_input_image: first,
          inpaint_mask_image_upload: mask,
          inpaint_strength: strength,
          mixing_image_prompt_and_inpaint: guided || undefined,
        }),
  };
}

/** What of an edit is said and means nothing. */
export function unusedInEdit(words: ImageWords, { mask }: EditPictures): readonly string[] {
  const { size = "auto", input_fidelity: fidelity } = words;
  return [
    ...(size.trim().toLowerCase() === "auto"
      ? []
      : [`size ${size.slice(0, 100)} was not used: an edited picture has the shape of the first one.`]),
    ...(fidelity === undefined || mask === undefined
      ? []
      : [
          `input_fidelity ${fidelity} was not used: what the mask leaves is kept as it is, and strength says how much the rest changes.`,
        ]),
  ];
}

type Opened = { readonly [K in keyof GenerateRequest]: GenerateRequest[K] | undefined };

const given = (fields: Opened): GenerateRequest =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
