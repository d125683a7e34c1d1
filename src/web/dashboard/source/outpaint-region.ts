import { type Extensions, type Side, sides } from "./source-draft.ts";
import type { Region, Size } from "./view.ts";

/** Pixels of a side as the contract has them: a whole number, 0 for the server's 30 %. */
export const pixelsOf = (typed: string | null): number => Math.max(0, Math.trunc(Number(typed ?? "")) || 0);

/**
 * The extended picture, in the pixels of the one it is made of: its left upper corner is at (-left, -top). Where no pixels
 * are given a side gets 30 % of the picture's own width or height.
 */
export function outpaintRegion({ width, height }: Size, extensions: Extensions): Region {
  const added = (side: Side, length: number): number =>
    extensions[side] === null ? 0 : pixelsOf(extensions[side]) || Math.trunc(0.3 * length);
  const [left, top] = [added("Left", width), added("Top", height)];
  return {
    left: 0 - left,
    top: 0 - top,
    width: left + width + added("Right", width),
    height: top + height + added("Bottom", height),
  };
}

/** What a record says of sides, as the form has it. */
export function extensionsOf(selected: unknown, distances: unknown): Extensions {
  const names: readonly unknown[] = Array.isArray(selected) ? selected : [];
  const pixels: readonly unknown[] = Array.isArray(distances) ? distances : [];
  const one = (side: Side, index: number): string | null => {
    if (!names.includes(side)) return null;
    const value = Number(pixels[index]);
    return value > 0 ? String(value) : "";
  };
  const [Left, Top, Right, Bottom] = sides.map(one);
  return { Left: Left ?? null, Top: Top ?? null, Right: Right ?? null, Bottom: Bottom ?? null };
}
