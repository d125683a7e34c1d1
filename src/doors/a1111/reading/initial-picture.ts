import type { GenerateRequest } from "#/api/generate.ts";
import type { Fit } from "#/image/fit-picture.ts";
import { RequestError } from "#/lib/errors.ts";
import type { ImageToImageWords } from "../api/bodies.ts";
import { fittedMask, fittedPicture } from "./fit-picture.ts";
import { type PictureParts, pictureIn } from "./picture-in.ts";
import { isSaid } from "./unused.ts";
import { walkedOf } from "./walked.ts";

/** What img2img's pictures ask of a request, and the one that it starts from. */
export type Initial = Readonly<{ request: GenerateRequest; picture: string; warnings: readonly string[] }>;

/**
 * The picture that img2img starts from, at the size that is asked for, and its mask.
 *
 * @throws RequestError naming init_images or mask
 */
export async function readInitial(words: ImageToImageWords, parts: PictureParts): Promise<Initial> {
  const [first, ...others] = words.init_images ?? [];
  if (!isSaid(first ?? null) || first === undefined)
    throw new RequestError("bad-image", "Init image not found: init_images holds no picture.", {
      field: "init_images",
    });
  const bytes = await pictureIn(first, "init_images", parts);
  const walked = walkedOf(words.steps, words.denoising_strength);
  const warnings =
    others.length === 0
      ? []
      : [`Not used: init_images has ${others.length + 1} pictures; the first one was taken.`];
  if (isSaid(words.latent_mask)) warnings.push("Not used: latent_mask; say mask.");
  return isSaid(words.mask)
    ? await painted({ words, bytes, mask: words.mask, walked, warnings }, parts)
    : await varied({ words, bytes, walked, warnings }, parts);
}

type Read = Readonly<{
  words: ImageToImageWords;
  bytes: Uint8Array;
  walked: ReturnType<typeof walkedOf>;
  warnings: readonly string[];
}>;

/** The whole picture is drawn over. */
async function varied(
  { words, bytes, walked, warnings }: Read,
  { decoding }: PictureParts,
): Promise<Initial> {
  const picture = base64(
    await fittedPicture(bytes, "init_images.0", { size: words, fit: fitOf(words), decoding }),
  );
  return {
    picture,
    warnings: [...warnings, ...ofLatents(words)],
    request: {
      uov_input_image: picture,
      uov_method: "Vary (Strong)",
      overwrite_vary_strength: walked.strength,
      overwrite_step: walked.steps,
    },
  };
}

/** What the mask shows is drawn anew. */
async function painted(
  { words, bytes, mask, walked, warnings }: Read & Readonly<{ mask: string }>,
  parts: PictureParts,
): Promise<Initial> {
  const { decoding } = parts;
  const fit = fitOf(words);
  const turned = words.inpainting_mask_invert === 1;
  // The part around the mask alone is brought to the size then, and the picture keeps its own.
  const size = words.inpaint_full_res ? undefined : words;
  const hole = await fittedMask(await pictureIn(mask, "mask", parts), "mask", {
    size,
    fit,
    decoding,
    turned,
  });
  if (hole === undefined) return await unmasked({ words, bytes, walked, warnings }, parts);
  const picture = base64(
    size === undefined ? bytes : await fittedPicture(bytes, "init_images.0", { size, fit, decoding }),
  );
  const empty = words.inpainting_fill >= 2;
  return {
    picture,
    warnings: [...warnings, ...ofLatents(words), ...ofMask(words)],
    request: {
      inpaint_input_image: picture,
      inpaint_mask_image_upload: base64(hole),
      invert_mask_checkbox: turned,
      inpaint_strength: empty ? 1 : walked.strength,
      inpaint_respective_field: words.inpaint_full_res ? 0 : 1,
      inpaint_disable_initial_latent: empty,
      overwrite_step: empty ? words.steps : walked.steps,
    },
  };
}

/**
 * With a mask that names no place: where the part around it alone would be drawn, A1111 draws the whole picture over; else the
 * picture would only come back.
 */
async function unmasked(read: Read, parts: PictureParts): Promise<Initial> {
  const { inpaint_full_res, inpainting_mask_invert } = read.words;
  const blank = `nothing of mask is ${inpainting_mask_invert === 1 ? "black, and inpainting_mask_invert is 1" : "white (above 127)"}`;
  if (!inpaint_full_res) {
    const message = `There is nothing to draw anew: ${blank}. Paint the place, or leave mask out to draw the whole picture over.`;
    throw new RequestError("invalid-value", message, { field: "mask" });
  }
  const told = `Not used: mask; ${blank}, and the whole picture was drawn over, as in A1111.`;
  return await varied({ ...read, warnings: [...read.warnings, told] }, parts);
}

const ofLatents = ({
  resize_mode,
  initial_noise_multiplier: noise,
}: ImageToImageWords): readonly string[] => [
  ...(resize_mode === 3 ? ["resize_mode 3: the picture itself was stretched, not its latent."] : []),
  ...(noise === null || noise === 1 ? [] : [`Not used: initial_noise_multiplier ${noise}; it is 1 here.`]),
];

function ofMask(words: ImageToImageWords): readonly string[] {
  const {
    inpainting_fill: fill,
    denoising_strength: strength,
    mask_blur,
    inpaint_full_res_padding: padding,
  } = words;
  const blur = mask_blur ?? Math.max(words.mask_blur_x, words.mask_blur_y);
  return [
    ...(blur === 4
      ? []
      : [`Not used: mask_blur ${blur}; the border of what is drawn anew is softened in a way of its own.`]),
    ...(words.inpaint_full_res && padding > 0
      ? [
          `Not used: inpaint_full_res_padding ${padding}; as much around the mask is drawn as its size asks for.`,
        ]
      : []),
    ...(words.mask_round
      ? []
      : ["Not used: mask_round; the border of what is drawn anew is softened in a way of its own."]),
    ...(fill === 0 && strength <= 0.98
      ? ["inpainting_fill 0 begins with the picture itself where denoising_strength is below 1."]
      : []),
    ...(fill >= 2 && strength < 1
      ? [`inpainting_fill ${fill} begins with noise alone: denoising_strength ${strength} was taken as 1.`]
      : []),
  ];
}

const fitOf = ({ resize_mode: mode }: ImageToImageWords): Fit => {
  if (mode === 1) return "cut";
  return mode === 2 ? "continue" : "stretch";
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
