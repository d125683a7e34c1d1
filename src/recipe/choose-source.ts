import type { GenerateParams } from "#/api/generate.ts";
import { enlargedSize, latentSize, mostDiffused, variedSize } from "#/image/operations/source-sizes.ts";
import { RequestError } from "#/lib/errors.ts";
import { checkDiffused, checkResult } from "./check-source-size.ts";
import type { UpscalerChoice } from "./choose-upscaler.ts";
import { goalsOf } from "./goals.ts";
import type { InputPicture } from "./input-pictures.ts";
import type { PartFile, Size, Source } from "./recipe.ts";

/** What pictures are made from, and what is otherwise because of that. */
export type ChosenSource = Readonly<{
  source: Source;
  /** Of the pictures that are made; absent where the source does not say it. */
  size?: Size;
  /** The network that enlarges, as a part of the recipe. */
  parts: readonly (PartFile & Readonly<{ field: string }>)[];
  warnings: readonly string[];
}>;

/** The field that brings the picture to vary or to enlarge. */
const field = "uov_input_image";

/** What a source depends on besides the request. */
export type SourceWorld = Readonly<{
  /** Nothing of a picture that was not taken in yet: what depends on its size is left open then. */
  pictureSize?: ((name: string) => Size | undefined) | undefined;
  /** The size number that pictures are brought to: the checkpoint's own, or one that the request says. */
  working: number;
  /** The size number that the checkpoint draws best at. */
  usual: number;
  /** What there is to enlarge pictures with; throws RequestError where it is nothing. */
  upscaler: (field: string) => UpscalerChoice;
}>;

/**
 * What a request's pictures are made from: vary and upscale start from the picture of `uov_input_image` (pipeline section
 * 10), everything else from noise.
 *
 * @param pictures those of the recipe, in its order
 * @throws RequestError where the size is one that cannot be made, or there is nothing to enlarge with
 */
export function chooseSource(
  params: GenerateParams,
  pictures: readonly InputPicture[],
  { pictureSize, working, usual, upscaler }: SourceWorld,
): ChosenSource {
  const picture = pictures.findIndex((one) => one.field === field);
  const name = pictures[picture]?.name;
  if (name === undefined || !goalsOf(params).uov) return fromNoise;
  const start = { params, picture, size: pictureSize?.(name), working, usual };
  switch (params.uov_method) {
    case "Disabled":
      return fromNoise;
    case "Vary (Subtle)":
      return varied(start, 0.5);
    case "Vary (Strong)":
      return varied(start, 0.85);
    case "Upscale (1.5x)":
      return enlarged(start, upscaler("uov_method"), 1.5);
    case "Upscale (2x)":
      return enlarged(start, upscaler("uov_method"), 2);
    case "Upscale (Fast 2x)":
      return enlarged(start, upscaler("uov_method"), 2, true);
    case "Upscale (Custom)":
      // The reference takes 1.2x for 2x, since it ends so; ours is the number itself.
      return enlarged(
        start,
        upscaler("uov_method"),
        Math.min(5, Math.max(1, params.upscale_multiple)),
        params.upscale_alone,
      );
  }
}

const fromNoise: ChosenSource = { source: { kind: "noise" }, parts: [], warnings: [] };

/** A request's picture, at its place, and its size where that is known. */
type Start = Readonly<{
  params: GenerateParams;
  picture: number;
  size: Size | undefined;
  working: number;
  usual: number;
}>;

function varied({ params, picture, size, working }: Start, usual: number): ChosenSource {
  const said = params.overwrite_vary_strength;
  const source = { kind: "vary", picture, working, strength: said > 0 ? said : usual } as const;
  if (size === undefined) return { source, parts: [], warnings: [] };
  const fitted = variedSize(size, working);
  return {
    source,
    size: latentSize(
      checkDiffused(fitted ?? undrawable(size, (square) => variedSize(square, working)), field),
    ),
    parts: [],
    warnings: [],
  };
}

/** How strongly an enlarged picture is diffused. */
const usualStrength = 0.382;

function enlarged(
  { params, picture, size, working, usual }: Start,
  upscaler: UpscalerChoice,
  factor: number,
  fast = false,
): ChosenSource {
  const said = params.overwrite_upscale_strength;
  const strength = said > 0 ? said : usualStrength;
  const { by, warning = [] } = upscaler;
  const source = { kind: "upscale", picture, working, factor, by, strength } as const;
  const kind = "upscale_models";
  const parts =
    upscaler.by === "network" ? [{ kind, name: upscaler.file, field: "uov_method" } as const] : [];
  const told = [warning].flat();
  if (size === undefined) return { source: { ...source, direct: fast }, parts, warnings: told };
  const found =
    enlargedSize(size, factor, working) ??
    undrawable(size, (square) => enlargedSize(square, factor, working)?.size);
  const direct = fast || found.number > mostDiffused(usual);
  return {
    source: { ...source, direct },
    size: direct ? checkResult(found.size, params.output_format, field) : checkDiffused(found.size, field),
    parts,
    warnings: [
      ...told,
      ...(fast || !direct ? [] : [notDiffused(found.number, mostDiffused(usual))]),
      ...(direct && params.image_number > 1 ? [onlyOne(params.image_number)] : []),
    ],
  };
}

const notDiffused = (number: number, most: number): string =>
  `The enlarged picture's size number is ${number}; above ${most} nothing is diffused, as in Fooocus: it is enlarged by the upscaling network alone, and no prompt is used.`;

const onlyOne = (asked: number): string =>
  `What is enlarged without diffusion is one picture: image_number asked for ${asked}.`;

/** A picture of which no size can be drawn: too small, if a square of its shorter side is that too, else too narrow. */
function undrawable({ width, height }: Size, sized: (square: Size) => Size | undefined): never {
  const short = Math.min(width, height);
  const isSmall = sized({ width: short, height: short }) === undefined;
  const [what, instead] = isSmall
    ? ["small", "Send a larger one."]
    : ["narrow", "Send less of its long side."];
  const message = `A picture of ${width}×${height} pixels is too ${what}: at a size that can be drawn a side of it would be 0. ${instead}`;
  throw new RequestError("invalid-value", message, { field });
}
