import { fittedSize } from "#/image/operations/fit-to-size-number.ts";
import { sizeNumber } from "#/image/operations/size-number.ts";
import { outpaintRegion } from "./outpaint-region.ts";
import { isExtended, type SourceDraft, takesPart } from "./source-draft.ts";
import type { Size } from "./view.ts";

/** What will be made of a picture: its size, and whether it is only enlarged, without the prompt and as one picture. */
export type Foreseen = Readonly<{ size: Size; direct: boolean }>;

/** Above this size number what is upscaled is not diffused. */
const largestDiffused = 2800;
const variedNumbers = { least: 1024, most: 2048 };

/**
 * The size that the server will make of a picture, told before it is sent.
 *
 * @returns undefined where the picture takes no part, or is so narrow that a side would become 0
 */
export function foreseen(draft: SourceDraft): Foreseen | undefined {
  const { picture, tab, method, extensions } = draft;
  if (picture === undefined || !takesPart(draft)) return undefined;
  if (tab === "inpaint") {
    const { width, height } = isExtended(draft) ? outpaintRegion(picture, extensions) : picture;
    return { size: { width, height }, direct: false };
  }
  return method.startsWith("Vary") ? varied(picture) : upscaled(picture, draft);
}

function varied(picture: Size): Foreseen | undefined {
  const wanted = Math.min(variedNumbers.most, Math.max(variedNumbers.least, sizeNumber(picture)));
  const size = fittedSize(picture, wanted);
  return size === undefined ? undefined : { size: inEights(size), direct: false };
}

function upscaled({ width, height }: Size, { method, multiple }: SourceDraft): Foreseen | undefined {
  const factor = factorOf(method, multiple);
  const wanted = { width: width * factor, height: height * factor };
  const number = sizeNumber(wanted);
  const direct = method.includes("Fast") || number > largestDiffused;
  const size =
    number < 1024
      ? fittedSize({ width: width * 4, height: height * 4 }, 1024)
      : { width: Math.trunc(wanted.width), height: Math.trunc(wanted.height) };
  if (size === undefined) return undefined;
  return { size: direct ? size : inEights(size), direct };
}

function factorOf(method: SourceDraft["method"], multiple: number): number {
  switch (method) {
    case "Upscale (1.5x)":
      return 1.5;
    case "Upscale (2x)":
    case "Upscale (Fast 2x)":
      return 2;
    case "Upscale (Custom)":
      return multiple;
    case "Disabled":
    case "Vary (Subtle)":
    case "Vary (Strong)":
      return 1;
  }
}

/** A latent is an eighth of a picture; what does not fill one is cut off. */
const inEights = ({ width, height }: Size): Size => ({
  width: Math.floor(width / 8) * 8,
  height: Math.floor(height / 8) * 8,
});
