import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import { checkDiffused, checkResult } from "./check-source-size.ts";
import { goalsOf } from "./goals.ts";
import type { InputPicture } from "./input-pictures.ts";
import type { Size, Source } from "./recipe.ts";
import { enlargedSize, latentSize, mostDiffused, variedSize } from "./source-sizes.ts";

/** What pictures are made from, and what is otherwise because of that. */
export type ChosenSource = Readonly<{
  source: Source;
  /** Of the pictures that are made; absent where the source does not say it. */
  size?: Size;
  warnings: readonly string[];
}>;

/** The field that brings the picture to vary or to enlarge. */
const field = "uov_input_image";

/** Tells the size of a picture that was taken in. */
export type PictureSize = (name: string) => Size | undefined;

/**
 * What a request's pictures are made from: vary and upscale start from the picture of `uov_input_image` (pipeline section
 * 10), everything else from noise.
 *
 * @param pictures those of the recipe, in its order
 * @param sizeOf   nothing of a picture that was not taken in yet; what depends on its size is left open then
 * @throws RequestError where the size is one that cannot be made, or the strength
 */
export function chooseSource(
  params: GenerateParams,
  pictures: readonly InputPicture[],
  sizeOf: PictureSize,
): ChosenSource {
  const picture = pictures.findIndex((one) => one.field === field);
  const name = pictures[picture]?.name;
  if (name === undefined || !goalsOf(params).uov) return { source: { kind: "noise" }, warnings: [] };
  const size = sizeOf(name);
  switch (params.uov_method) {
    case "Disabled":
      return { source: { kind: "noise" }, warnings: [] };
    case "Vary (Subtle)":
      return varied(params, picture, 0.5, size);
    case "Vary (Strong)":
      return varied(params, picture, 0.85, size);
    case "Upscale (1.5x)":
      return enlarged(params, picture, { factor: 1.5, fast: false }, size);
    case "Upscale (2x)":
      return enlarged(params, picture, { factor: 2, fast: false }, size);
    case "Upscale (Fast 2x)":
      return enlarged(params, picture, { factor: 2, fast: true }, size);
    case "Upscale (Custom)": {
      // The reference takes 1.2x for 2x, since it ends so; ours is the number itself.
      const factor = Math.min(5, Math.max(1, params.upscale_multiple));
      return enlarged(params, picture, { factor, fast: false }, size);
    }
  }
}

function varied(
  { overwrite_vary_strength: said }: GenerateParams,
  picture: number,
  usual: number,
  size: Size | undefined,
): ChosenSource {
  const source = { kind: "vary", picture, strength: said > 0 ? said : usual } as const;
  if (size === undefined) return { source, warnings: [] };
  const fitted = variedSize(size);
  return { source, size: latentSize(checkDiffused(fitted ?? tooNarrow(size), field)), warnings: [] };
}

/** How strongly an enlarged picture is diffused. */
const usualStrength = 0.382;

function enlarged(
  params: GenerateParams,
  picture: number,
  { factor, fast }: Readonly<{ factor: number; fast: boolean }>,
  size: Size | undefined,
): ChosenSource {
  const said = params.overwrite_upscale_strength;
  const source = { kind: "upscale", picture, factor, strength: said > 0 ? said : usualStrength } as const;
  if (size === undefined) return { source: { ...source, direct: fast }, warnings: [] };
  const found = enlargedSize(size, factor) ?? tooNarrow(size);
  const direct = fast || found.number > mostDiffused;
  return {
    source: { ...source, direct },
    size: direct ? checkResult(found.size, params.output_format, field) : checkDiffused(found.size, field),
    warnings: [
      ...(fast || !direct ? [] : [notDiffused(found.number)]),
      ...(direct && params.image_number > 1 ? [onlyOne(params.image_number)] : []),
    ],
  };
}

const notDiffused = (number: number): string =>
  `The enlarged picture's size number is ${number}; above ${mostDiffused} nothing is diffused, as in Fooocus: it is enlarged by the upscaling network alone, and no prompt is used.`;

const onlyOne = (asked: number): string =>
  `What is enlarged without diffusion is one picture: image_number asked for ${asked}.`;

function tooNarrow({ width, height }: Size): never {
  const message = `A picture of ${width}×${height} pixels is too narrow: at a size that can be drawn a side of it would be 0. Send less of its long side.`;
  throw new RequestError("invalid-value", message, { field });
}
