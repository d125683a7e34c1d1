import type { GenerateParams } from "#/api/generate.ts";
import { isTooLong, mostOfAspect } from "#/image/operations/source-sizes.ts";
import { RequestError } from "#/lib/errors.ts";
import { inputPictures } from "#/recipe/input-pictures.ts";

/** Pictures that are scaled to a size that is drawn. */
const started: readonly string[] = ["uov_input_image", "inpaint_input_image", "enhance_input_image"];

/**
 * Refuses a picture to start from that is too long for its width: scaled to the size that is drawn, one side of it would
 * become 0, or the other one longer than any network was made for (image-mode-traps section 0: 2000×4, 1024×1, 1500×8).
 * What is not used is not looked at; a mask is stretched to its picture, and a control image to what is drawn, whatever their
 * own sides are.
 *
 * @throws RequestError `invalid-value`
 */
export function checkAspect(
  params: GenerateParams,
  field: string,
  size: Readonly<{ width: number; height: number }>,
): void {
  if (!started.includes(field)) return;
  if (!inputPictures(params).some((picture) => picture.field === field)) return;
  if (!isTooLong(size)) return;
  const { width, height } = size;
  const message =
    `The picture in ${field} is ${width}×${height} pixels large; its longer side may be at most ` +
    `${mostOfAspect} times as long as the shorter one. Cut it into pieces.`;
  throw new RequestError("invalid-value", message, { field, value: `${width}×${height}` });
}
