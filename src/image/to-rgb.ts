import { inStretches } from "./in-stretches.ts";

/** Pixels as a file has them: grey or colours, the last channel alpha where their number is even; or CMYK. */
export type RawPixels = Readonly<{
  data: Uint8Array | Uint16Array;
  channels: number;
  space: "grey-or-rgb" | "cmyk";
}>;

/** 8-bit colours, with alpha where some pixel is not opaque. */
export type Colours = Readonly<{ channels: 3 | 4; data: Uint8Array }>;

/**
 * Pixels as 8-bit RGB or RGBA: grey is repeated, of 16 bits the upper eight are taken, CMYK becomes what Pillow's
 * `convert("RGB")` makes of it, which knows no profile (`cmyk2rgb` in its Convert.c). Alpha that hides nothing is dropped.
 */
export async function toColours(raw: RawPixels): Promise<Colours> {
  const { data, channels, space } = raw;
  if (space === "cmyk") return { channels: 3, data: await fromCmyk(raw) };
  const colours = channels > 2 ? 3 : 1;
  const shift = data instanceof Uint16Array ? 8 : 0;
  const kept = channels > colours && (await isSeenThrough(raw, colours, 255 << shift)) ? 4 : 3;
  if (data instanceof Uint8Array && channels === kept) return { channels: kept, data };
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * kept);
  await inStretches(pixels, (start, end) => {
    for (let i = start; i < end; i += 1) {
      for (let c = 0; c < 3; c += 1)
        out[i * kept + c] = (data[i * channels + (colours === 3 ? c : 0)] ?? 0) >> shift;
      if (kept === 4) out[i * 4 + 3] = (data[i * channels + colours] ?? 0) >> shift;
    }
  });
  return { channels: kept, data: out };
}

/** @param opaque the least alpha that hides all behind it */
async function isSeenThrough(
  { data, channels }: RawPixels,
  alphaAt: number,
  opaque: number,
): Promise<boolean> {
  let found = false;
  await inStretches(data.length / channels, (start, end) => {
    for (let i = start; i < end && !found; i += 1) found = (data[i * channels + alphaAt] ?? 0) < opaque;
  });
  return found;
}

async function fromCmyk({ data, channels }: RawPixels): Promise<Uint8Array> {
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  await inStretches(pixels, (start, end) => {
    for (let i = start; i < end; i += 1) {
      const light = 255 - (data[i * channels + 3] ?? 0);
      for (let c = 0; c < 3; c += 1) {
        // A product over 255, rounded in whole numbers.
        const product = (data[i * channels + c] ?? 0) * light + 128;
        rgb[i * 3 + c] = Math.max(0, light - (((product >> 8) + product) >> 8));
      }
    }
  });
  return rgb;
}
