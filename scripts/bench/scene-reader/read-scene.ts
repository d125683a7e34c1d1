import { colorDifference } from "./color-difference.ts";
import { distance, dominant, type Lab, toLab } from "./lab.ts";
import { area, erode, largestComponent, type Mask, majority } from "./mask.ts";
import { nameShape } from "./shape.ts";
import type { Shape } from "./templates.ts";

/** Colour names and their sRGB bytes. */
export type Palette = Readonly<Record<string, readonly number[]>>;

/** 8-bit RGB rows without padding. */
export type Picture = Readonly<{ width: number; height: number; data: Uint8Array }>;

/** What a picture of one thing on a plain ground shows; `undefined` for what cannot be made out. */
export type SceneReading = Readonly<{
  background: string;
  foreground: string | undefined;
  shape: Shape | undefined;
  /** How well the shape covers its ideal, 0 to 1. */
  overlap: number;
  /** The foreground's share of the picture. */
  share: number;
}>;

/** Below this overlap a thing is no shape at all; real ones reach 0.85 and more, blots about 0.6. */
const leastOverlap = 0.72;
/** Nearer to the ground than this (in Lab) nothing counts as drawn: what a decoder's noise leaves behind. */
const leastContrast = 14;

/** Reads a scene back from its pixels alone: colour of the ground, colour and shape of the largest thing on it. */
export function readScene(picture: Picture, palette: Palette): SceneReading {
  const colours = labOf(picture);
  const ground = dominant(rim(picture, colours)) ?? [0, 0, 0];
  const background = nearestName(ground, palette);
  const nothing = { background, foreground: undefined, shape: undefined, overlap: 0, share: 0 };

  const far = colours.map((colour) => distance(colour, ground));
  const rough = largestComponent(majority(maskOf(picture, far, leastContrast)));
  const colour = dominant(picked(colours, core(rough)));
  if (colour === undefined) return nothing;

  // An edge lies where the colours of both sides are mixed half and half.
  const thing = largestComponent(
    majority(maskOf(picture, far, Math.max(leastContrast, distance(colour, ground) / 2))),
  );
  const paint = dominant(picked(colours, core(thing)));
  if (paint === undefined) return nothing;
  const found = nameShape(thing);
  const overlap = found?.overlap ?? 0;
  return {
    background,
    foreground: nearestName(paint, palette),
    shape: overlap < leastOverlap ? undefined : found?.shape,
    overlap,
    share: area(thing) / colours.length,
  };
}

function labOf({ data }: Picture): readonly Lab[] {
  return Array.from({ length: data.length / 3 }, (_, i) =>
    toLab(data[3 * i] ?? 0, data[3 * i + 1] ?? 0, data[3 * i + 2] ?? 0),
  );
}

function rim({ width, height }: Picture, colours: readonly Lab[]): readonly Lab[] {
  const edge = Math.max(2, Math.round(Math.min(width, height) / 24));
  return colours.filter((_, at) => {
    const x = at % width;
    const y = Math.floor(at / width);
    return x < edge || y < edge || x >= width - edge || y >= height - edge;
  });
}

function maskOf({ width, height }: Picture, far: readonly number[], least: number): Mask {
  return { width, height, data: Uint8Array.from(far, (value) => (value > least ? 1 : 0)) };
}

/** The inner part, free of mixed edge colours; the whole where there is nothing inside. */
function core(mask: Mask): Mask {
  const inner = erode(mask, 2);
  return area(inner) < 20 ? mask : inner;
}

function picked(colours: readonly Lab[], { data }: Mask): readonly Lab[] {
  return colours.filter((_, at) => data[at] === 1);
}

function nearestName(colour: Lab, palette: Palette): string {
  const named = Object.entries(palette).map(([name, [r = 0, g = 0, b = 0]]) => ({
    name,
    away: colorDifference(colour, toLab(r, g, b)),
  }));
  return named.toSorted((a, b) => a.away - b.away)[0]?.name ?? "";
}
