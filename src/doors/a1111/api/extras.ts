import { type Static, Type } from "@sinclair/typebox";
import { flag, real, text, whole } from "#/api/fields.ts";
import { maybe, orNull } from "./words.ts";

const share = { minimum: 0, maximum: 1 } as const;

const fields = {
  resize_mode: orNull(whole(0, "0: by upscaling_resize; 1: to a size.", { minimum: 0, maximum: 1 })),
  show_extras_results: orNull(flag(true, "Not used.")),
  gfpgan_visibility: orNull(real(0, "Not used.", share)),
  codeformer_visibility: orNull(real(0, "Not used.", share)),
  codeformer_weight: orNull(real(0, "Not used.", share)),
  upscaling_resize: orNull(real(2, "Factor.", { minimum: 0.1, maximum: 5 })),
  upscaling_resize_w: orNull(whole(512, "Width.", { minimum: 1, maximum: 16_384 })),
  upscaling_resize_h: orNull(whole(512, "Height.", { minimum: 1, maximum: 16_384 })),
  upscaling_crop: orNull(flag(true, "Whether what goes beyond that size is cut off.")),
  upscaler_1: maybe(text("", "What enlarges.")),
  upscaler_2: maybe(text("", "Not used.")),
  extras_upscaler_2_visibility: orNull(real(0, "Not used.", share)),
  upscale_first: orNull(flag(false, "Not used.")),
};

/** The body of extra-single-image. */
export const ExtrasSingle = Type.Object(
  { ...fields, image: text("", "The picture: base64, data URI or URL.") },
  { title: "ExtrasSingleImageRequest", requiredKeys: ["image"] },
);

const FileData = Type.Object(
  { data: text("", "The picture."), name: text("", "Its name, of no meaning.") },
  { title: "FileData", requiredKeys: ["data"] },
);

/** The body of extra-batch-images. */
export const ExtrasBatch = Type.Object(
  { ...fields, imageList: Type.Array(FileData, { default: [], maxItems: 32 }) },
  { title: "ExtrasBatchImagesRequest", requiredKeys: ["imageList"] },
);

/** What both have. */
export type ExtrasWords = Readonly<Static<typeof ExtrasBatch>>;
export type ExtrasSingleWords = Readonly<Static<typeof ExtrasSingle>>;

export const ExtrasSingleAnswer = Type.Object(
  { html_info: Type.String(), image: Type.String() },
  { title: "ExtrasSingleImageResponse" },
);
export const ExtrasBatchAnswer = Type.Object(
  { html_info: Type.String(), images: Type.Array(Type.String()) },
  { title: "ExtrasBatchImagesResponse" },
);
