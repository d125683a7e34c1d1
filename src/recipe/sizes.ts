import type { GenerateParams } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Size } from "./recipe.ts";

/** What a latent needs on each side at least: the encoder's three halvings and the U's two. */
const smallest = 64;
const largest = 4096;

/**
 * `1152*896` or `1152×896`, with anything after a blank ignored.
 *
 * @throws RequestError `invalid-value` naming the field
 */
export function parseSize(text: string, field: string): Size {
  const [width, height] = text
    .replaceAll("*", "×")
    .split(/[× ]+/)
    .slice(0, 2)
    .map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  if (width === undefined || height === undefined || Number.isNaN(width) || Number.isNaN(height)) {
    throw new RequestError(
      "invalid-value",
      `${JSON.stringify(text.slice(0, 100))} is not a size; write width*height, for example 1152*896.`,
      {
        field,
        value: text.slice(0, 100),
      },
    );
  }
  return { width, height };
}

/**
 * @param side  pixels
 * @param field of the request that says it
 * @throws RequestError `invalid-value` if it is too small or too large
 */
export function checkSide(side: number, field: string): number {
  if (side >= smallest && side <= largest) return side;
  const message = `A side of ${side} pixels cannot be drawn; ${smallest} to ${largest} can.`;
  throw new RequestError("invalid-value", message, { field, value: side });
}

/**
 * The size a request asks for: of a side that it names itself, else of its aspect ratio.
 *
 * @throws RequestError `invalid-value` naming the field
 */
export function chooseSize(params: GenerateParams): Size {
  const chosen = parseSize(params.aspect_ratios_selection, "aspect_ratios_selection");
  const side = (own: "overwrite_width" | "overwrite_height", other: number): number =>
    params[own] > 0 ? checkSide(params[own], own) : checkSide(other, "aspect_ratios_selection");
  return { width: side("overwrite_width", chosen.width), height: side("overwrite_height", chosen.height) };
}

/** As it is stored: with the multiplication sign. */
export const storedSize = (text: string): string => text.replaceAll("*", "×");
