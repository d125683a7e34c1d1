import type { GenerateRequest } from "#/api/generate.ts";
import type { outpaintSides } from "#/api/generate-objects.ts";
import { isImage } from "#/api/stored.ts";
import { RequestError } from "#/lib/errors.ts";
import { commonNames } from "./common-request.ts";
import { type Operation, usedBy } from "./edit-fields.ts";
import { type ReadArguments, textIn } from "./read-arguments.ts";

type Said = ReadArguments["said"];

/**
 * An edit in the main API's words, beside what it has in common with generate.
 *
 * @throws RequestError `invalid-value` naming the argument without which there is nothing to do
 */
export const editRequest = (said: Said): GenerateRequest => ({ ...goalOf(said), ...mixing(said) });

/** There a picture that guides comes first, and the one to edit takes no part, unless they are said to act together. */
function mixing({ operation, guides }: Said): GenerateRequest {
  if (!Array.isArray(guides) || guides.length === 0) return {};
  return operation === "vary" || operation === "upscale"
    ? { mixing_image_prompt_and_vary_upscale: true }
    : { mixing_image_prompt_and_inpaint: true };
}

function goalOf(said: Said): GenerateRequest {
  const image = textOf(said, "image", "the picture that is to be edited");
  const strength = strengthOf(said);
  switch (said["operation"] as Operation) {
    case "inpaint":
      return {
        inpaint_input_image: image,
        inpaint_mask_image_upload: textOf(said, "mask", "a mask, white where the picture is painted anew"),
        ...inpainting(said, strength),
      };
    case "outpaint":
      return {
        inpaint_input_image: image,
        ...(typeof said["mask"] === "string" ? { inpaint_mask_image_upload: said["mask"] } : {}),
        ...outpainting(said["expand"]),
        ...inpainting(said, strength),
      };
    case "vary":
      return {
        uov_input_image: image,
        uov_method: said["variation"] === "strong" ? "Vary (Strong)" : "Vary (Subtle)",
        ...(strength === undefined ? {} : { overwrite_vary_strength: strength }),
      };
    case "upscale":
      return {
        uov_input_image: image,
        ...upscaling(said),
        ...(strength === undefined ? {} : { overwrite_upscale_strength: strength }),
      };
  }
}

/** There a strength of 0 is none that is said, and the usual one is taken. */
function strengthOf({ strength }: Said): number | undefined {
  if (strength !== 0) return typeof strength === "number" ? strength : undefined;
  const message = "strength: 0 would change nothing; say more than 0, up to 1.";
  throw new RequestError("invalid-value", message, { field: "strength" });
}

/** The main API's fields, and the arguments of edit that they are. */
export const editNames: Readonly<Record<string, string>> = {
  ...commonNames,
  inpaint_input_image: "image",
  uov_input_image: "image",
  inpaint_mask_image_upload: "mask",
  invert_mask_checkbox: "invert_mask",
  outpaint_distance: "expand",
  outpaint_selections: "expand",
  inpaint_strength: "strength",
  overwrite_vary_strength: "strength",
  overwrite_upscale_strength: "strength",
  uov_method: "operation",
  upscale_multiple: "factor",
};

/** Arguments that were given and that this operation has no use for. */
export function unusedArguments(said: Said): readonly string[] {
  const operation = said["operation"] as Operation;
  const unused = Object.entries(usedBy).flatMap(([name, by]: [string, readonly Operation[]]) =>
    said[name] === undefined || by.includes(operation) ? [] : [name],
  );
  const fast = operation === "upscale" && said["fast"] === true ? ["factor", "strength"] : [];
  return [
    ...unused.map((name) => `${name} took no part: ${operation} does not use it.`),
    ...fast
      .filter((name) => said[name] !== undefined)
      .map((name) => `${name} took no part: fast always doubles the size, by the network alone.`),
  ];
}

function textOf(said: Said, name: string, what: string): string {
  const value = said[name];
  if (typeof value === "string" && isImage(value)) return value;
  const message = `${name}: ${textIn(said, "operation")} needs ${what}; give a URL, a uri of a result, base64 or a data URI.`;
  throw new RequestError("invalid-value", message, { field: name });
}

const inpainting = (said: Said, strength: number | undefined): GenerateRequest => ({
  ...(said["invert_mask"] === true ? { invert_mask_checkbox: true } : {}),
  ...(strength === undefined ? {} : { inpaint_strength: strength }),
});

/** In the order of `outpaint_distance`. */
const sides = ["left", "top", "right", "bottom"] as const;
const sideNames = { left: "Left", top: "Top", right: "Right", bottom: "Bottom" } as const satisfies Record<
  string,
  (typeof outpaintSides)[number]
>;

function outpainting(expand: Said[string] | undefined): GenerateRequest {
  const given =
    typeof expand === "object" && expand !== null && !Array.isArray(expand) ? (expand as Said) : {};
  const distances = sides.map((side) => Number(given[side] ?? 0));
  if (distances.every((distance) => distance === 0)) {
    const message = 'expand: outpaint needs the pixels of a side at least, such as {"right": 256}.';
    throw new RequestError("invalid-value", message, { field: "expand" });
  }
  return {
    outpaint_selections: sides.filter((_, at) => distances[at] !== 0).map((side) => sideNames[side]),
    outpaint_distance: distances,
  };
}

function upscaling({ factor, fast }: Said): GenerateRequest {
  if (fast === true) return { uov_method: "Upscale (Fast 2x)" };
  if (factor === undefined || factor === 2) return { uov_method: "Upscale (2x)" };
  if (factor === 1.5) return { uov_method: "Upscale (1.5x)" };
  return { uov_method: "Upscale (Custom)", upscale_multiple: Number(factor) };
}
