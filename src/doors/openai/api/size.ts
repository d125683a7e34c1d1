import { RequestError } from "#/lib/errors.ts";

/** Sides that can be drawn, pixels, and what they are multiples of. */
const sides = { least: 64, most: 4096, grain: 8 } as const;

/**
 * `WIDTHxHEIGHT` as the other doors write a size; undefined for `auto`.
 *
 * @throws RequestError `invalid-value` with the nearest size that can be drawn
 */
export function askedSize(text: string): string | undefined {
  const said = text.trim().toLowerCase();
  if (said === "auto" || said === "") return undefined;
  const [, width, height] = /^(\d{1,9})\s*[x×*]\s*(\d{1,9})$/.exec(said) ?? [];
  if (width === undefined || height === undefined) {
    const message = `${JSON.stringify(text.slice(0, 100))} is not a size; write auto, or WIDTHxHEIGHT in pixels, for example 1024x1024.`;
    throw refused(text, message);
  }
  const asked = [Number(width), Number(height)];
  const drawn = asked.map(nearestSide);
  if (drawn.some((side, at) => side !== asked[at])) {
    const message = `A size of ${asked.join("x")} cannot be drawn: sides are ${sides.least} to ${sides.most} pixels, and multiples of ${sides.grain}. The nearest one is ${drawn.join("x")}.`;
    throw refused(text, message);
  }
  return asked.join("*");
}

function nearestSide(side: number): number {
  const { least, most, grain } = sides;
  return Math.min(most, Math.max(least, Math.round(side / grain) * grain));
}

const refused = (text: string, message: string): RequestError =>
  new RequestError("invalid-value", message, { field: "size", value: text.slice(0, 100) });
