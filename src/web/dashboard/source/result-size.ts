import {
  enlargedSize,
  isTooLong,
  latentSize,
  mostDiffused,
  variedSize,
} from "#/image/operations/source-sizes.ts";
import { outpaintRegion } from "./outpaint-region.ts";
import { isExtended, type SourceDraft, takesPart } from "./source-draft.ts";
import type { Size } from "./view.ts";

/** What will be made of a picture: its size, and whether it is only enlarged, without the prompt and as one picture. */
export type Foreseen = Readonly<{ size: Size; direct: boolean }>;

/**
 * The size that the server will make of a picture, told before it is sent.
 *
 * @param working the size number that the server's checkpoint brings pictures to
 * @returns undefined where the picture takes no part, or is so narrow that the server refuses it
 */
export function foreseen(draft: SourceDraft, working: number): Foreseen | undefined {
  const { picture, tab, method, extensions } = draft;
  if (picture === undefined || !takesPart(draft) || isTooLong(picture)) return undefined;
  if (tab === "enhance") return { size: picture, direct: false };
  if (tab === "inpaint") {
    const { width, height } = isExtended(draft) ? outpaintRegion(picture, extensions) : picture;
    return { size: { width, height }, direct: false };
  }
  return method.startsWith("Vary") ? varied(picture, working) : upscaled(picture, draft, working);
}

function varied(picture: Size, working: number): Foreseen | undefined {
  const size = variedSize(picture, working);
  return size === undefined ? undefined : { size: latentSize(size), direct: false };
}

function upscaled(picture: Size, { method, multiple }: SourceDraft, working: number): Foreseen | undefined {
  const enlarged = enlargedSize(picture, factorOf(method, multiple), working);
  if (enlarged === undefined) return undefined;
  const direct = method.includes("Fast") || enlarged.number > mostDiffused(working);
  return { size: enlarged.size, direct };
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
