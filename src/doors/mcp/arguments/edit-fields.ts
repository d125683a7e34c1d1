import { Type } from "@sinclair/typebox";
import { oneOf, pictureFields, pictureForms } from "./picture-fields.ts";

/** What can be done with a picture. */
export const operations = ["inpaint", "outpaint", "vary", "upscale"] as const;
export type Operation = (typeof operations)[number];

const pixels = (side: string) =>
  Type.Integer({ minimum: 0, maximum: 4096, default: 0, description: `Pixels to add ${side}.` });

/** Arguments that only some operations use, with those that do. */
export const usedBy = {
  mask: ["inpaint", "outpaint"],
  invert_mask: ["inpaint", "outpaint"],
  expand: ["outpaint"],
  strength: operations,
  variation: ["vary"],
  factor: ["upscale"],
  fast: ["upscale"],
} as const satisfies Readonly<Record<string, readonly Operation[]>>;

/** The arguments of edit. */
export const editFields = {
  image: Type.String({ description: `The picture: ${pictureForms}.` }),
  operation: oneOf(
    operations,
    "inpaint: paint anew what the mask shows; outpaint: add to the sides; vary: another picture like this one; upscale: enlarge.",
  ),
  prompt: Type.String({
    description:
      "What the finished picture shows there, as a description and not as an instruction; may be left out.",
  }),
  mask: Type.String({ description: `For inpaint: white is painted anew, black stays; ${pictureForms}.` }),
  invert_mask: Type.Boolean({ description: "For inpaint: black is painted anew." }),
  expand: Type.Object(
    {
      left: pixels("on the left"),
      top: pixels("above"),
      right: pixels("on the right"),
      bottom: pixels("below"),
    },
    { requiredKeys: [], description: "For outpaint: how far each side goes." },
  ),
  strength: Type.Number({
    minimum: 0,
    maximum: 1,
    description: "How much is changed, above 0 and up to 1; left out, what suits the operation.",
  }),
  variation: oneOf(["subtle", "strong"], "For vary; subtle where it is left out."),
  factor: Type.Number({ minimum: 1, maximum: 5, description: "For upscale; 2 where it is left out." }),
  fast: Type.Boolean({ description: "For upscale: by the upscaling network alone, to twice the size." }),
  ...pictureFields,
};

/** Arguments of edit that must be there. */
export const editRequired = ["image", "operation"];
