import { type Static, Type } from "@sinclair/typebox";
import { choice, flag, real, text, whole } from "./fields.ts";
import { maskModels } from "./generate-objects.ts";

/** Values of `DescribeImageType`, in the order of its error message. */
export const describeTypes = ["Photo", "Anime"] as const;

/** Body of POST /v1/tools/generate_mask. */
export const GenerateMaskRequest = Type.Object(
  {
    image: text("", "Picture: URL, base64 or data URI."),
    mask_model: choice(maskModels, "isnet-general-use", "MaskModel", "Mask model."),
    cloth_category: text("full", "Cloth category for u2net_cloth_seg."),
    dino_prompt_text: text("", "What to detect (sam)."),
    sam_model: text("vit_b", "SAM size: vit_b, vit_l or vit_h."),
    box_threshold: real(0.3, "Detection box threshold.", { minimum: 0, maximum: 1 }),
    text_threshold: real(0.25, "Detection text threshold.", { minimum: 0, maximum: 1 }),
    sam_max_detections: whole(0, "Most detections to use, 0 = all.", { minimum: 0, maximum: 10 }),
    dino_erode_or_dilate: real(0, "Grow or shrink detection boxes.", { minimum: -64, maximum: 64 }),
    dino_debug: flag(false, "Return the boxes instead of the mask."),
  },
  { title: "GenerateMaskRequest", requiredKeys: ["image"] },
);
export type GenerateMaskRequest = Readonly<Static<typeof GenerateMaskRequest>>;

/** Body of POST /v1/tools/describe-image. */
export const DescribeImageRequest = Type.Object(
  {
    image: text("", "Picture: URL, base64 or data URI."),
    image_type: choice(describeTypes, "Photo", "DescribeImageType", "Photo for a caption, Anime for tags."),
  },
  { title: "DescribeImageRequest", requiredKeys: ["image"] },
);
export type DescribeImageRequest = Readonly<Static<typeof DescribeImageRequest>>;

/** Body of POST /v1/tools/read-metadata where it is JSON; the picture itself, or a form with it, is taken too. */
export const ReadMetadataRequest = Type.Object(
  { image: text("", "Picture: URL, base64 or data URI.") },
  { title: "ReadMetadataRequest", requiredKeys: ["image"] },
);
export type ReadMetadataRequest = Readonly<Static<typeof ReadMetadataRequest>>;

/** The same as a form. It needs a name: generators name what has none after its operation, and trip over that. */
export const ReadMetadataForm = Type.Object(
  { image: Type.String({ format: "binary", description: "The picture." }) },
  { title: "Body_read_metadata_v1_tools_read_metadata_post", requiredKeys: ["image"] },
);

/** Answer of POST /v1/tools/describe-image. */
export const DescribeImageResponse = Type.Object(
  { describe: Type.String() },
  { title: "DescribeImageResponse" },
);

/** Answer of POST /v1/tools/read-metadata. */
export const ReadMetadataResponse = Type.Object(
  {
    scheme: Type.Union([Type.Literal("fooocus"), Type.Literal("a1111")]),
    parameters: Type.String({ description: "The text in the picture." }),
    values: Type.Object({}, { description: "Its values under the names of the scheme." }),
    request: Type.Object(
      {},
      { description: "A body for /v1/engine/generate/ that makes the picture again." },
    ),
    warnings: Type.Array(Type.String(), { description: "What could not be told, or is not on this server." }),
  },
  { title: "ReadMetadataResponse" },
);
