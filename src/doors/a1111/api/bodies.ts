import { type Static, Type } from "@sinclair/typebox";
import { flag, real, text, whole } from "#/api/fields.ts";
import { generationFields } from "./generation-fields.ts";
import { anything, maybe, orNull } from "./words.ts";

const share = { minimum: 0, maximum: 1 } as const;

/** The body of txt2img. */
export const TextToImage = Type.Object(
  {
    ...generationFields,
    enable_hr: orNull(flag(false, "Whether each picture is enlarged and drawn over (hires fix).")),
    denoising_strength: orNull(real(0.75, "How strongly it is drawn over then.", share)),
    hr_scale: orNull(real(2, "By how much it is enlarged.", { minimum: 1, maximum: 5 })),
    hr_resize_x: orNull(whole(0, "Its width then, in the place of hr_scale.", { minimum: 0, maximum: 8192 })),
    hr_resize_y: orNull(whole(0, "Its height then.", { minimum: 0, maximum: 8192 })),
    hr_upscaler: maybe(text("", "What enlarges it.")),
    hr_second_pass_steps: orNull(whole(0, "Steps of that; 0 for as many.", { minimum: 0, maximum: 1000 })),
    hr_checkpoint_name: maybe(text("", "Not used.")),
    hr_additional_modules: anything("array", "Of another program."),
    hr_sampler_name: maybe(text("", "Not used.")),
    hr_scheduler: maybe(text("", "Not used.")),
    hr_prompt: orNull(text("", "Not used.")),
    hr_negative_prompt: orNull(text("", "Not used.")),
    hr_cfg: maybe(real(1, "Not used.")),
    hr_distilled_cfg: maybe(real(3.5, "Of other kinds of models.")),
    firstphase_width: orNull(whole(0, "Not used.")),
    firstphase_height: orNull(whole(0, "Not used.")),
  },
  { title: "StableDiffusionProcessingTxt2Img", requiredKeys: [] },
);
export type TextToImageWords = Readonly<Static<typeof TextToImage>>;

/** The body of img2img. */
export const ImageToImage = Type.Object(
  {
    ...generationFields,
    init_images: maybe(
      Type.Array(Type.String(), { description: "The picture: base64, data URI or URL.", maxItems: 32 }),
    ),
    denoising_strength: orNull(real(0.75, "How strongly it is drawn over.", share)),
    resize_mode: orNull(
      whole(0, "0 stretches it, 1 cuts it, 2 continues its borders.", { minimum: 0, maximum: 3 }),
    ),
    mask: maybe(text("", "White where it is drawn anew.")),
    latent_mask: maybe(text("", "Not used.")),
    mask_blur: maybe(whole(4, "Not used.", { minimum: 0 })),
    mask_blur_x: orNull(whole(4, "Not used.", { minimum: 0 })),
    mask_blur_y: orNull(whole(4, "Not used.", { minimum: 0 })),
    mask_round: orNull(flag(true, "Not used.")),
    inpainting_fill: orNull(
      whole(0, "What the place begins with: 0 colours around it, 1 the picture, 2 and 3 noise.", {
        minimum: 0,
        maximum: 3,
      }),
    ),
    inpaint_full_res: orNull(flag(true, "Whether the part around the mask is drawn alone, enlarged.")),
    inpaint_full_res_padding: orNull(whole(0, "Not used.", { minimum: 0 })),
    inpainting_mask_invert: orNull(whole(0, "1 takes what is black.", { minimum: 0, maximum: 1 })),
    initial_noise_multiplier: maybe(real(1, "Not used.")),
    image_cfg_scale: maybe(real(1.5, "Of other kinds of models.")),
    include_init_images: orNull(
      flag(false, "Whether the answer's parameters hold the pictures that were sent."),
    ),
    hr_distilled_cfg: maybe(real(3.5, "Of other kinds of models.")),
  },
  { title: "StableDiffusionProcessingImg2Img", requiredKeys: [] },
);
export type ImageToImageWords = Readonly<Static<typeof ImageToImage>>;

/** What both have. */
export type GenerationWords = Pick<TextToImageWords, keyof typeof generationFields & keyof TextToImageWords>;
