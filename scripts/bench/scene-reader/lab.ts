/** A colour in CIE Lab (D65): lightness 0..100 and two opponent axes; distances are roughly what an eye sees. */
export type Lab = readonly [number, number, number];

/** sRGB bytes to Lab (IEC 61966-2-1, CIE 15). */
export function toLab(r: number, g: number, b: number): Lab {
  const [lr, lg, lb] = [linear(r), linear(g), linear(b)];
  const x = curve((0.4124564 * lr + 0.3575761 * lg + 0.1804375 * lb) / 0.95047);
  const y = curve(0.2126729 * lr + 0.7151522 * lg + 0.072175 * lb);
  const z = curve((0.0193339 * lr + 0.119192 * lg + 0.9503041 * lb) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** Euclidean distance in Lab (CIE76); about 2.3 is just visible. */
export function distance(a: Lab, b: Lab): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/**
 * The colour most of `colours` are near: the mean of the fullest neighbourhood in a coarse histogram, which a
 * minority of other colours (an edge, a flower's heart) does not shift as it would shift a plain mean.
 *
 * @returns undefined for no colours
 */
export function dominant(colours: readonly Lab[]): Lab | undefined {
  const bins = new Map<number, Lab[]>();
  for (const colour of colours) {
    const [l, a, b] = colour;
    const key = (Math.round(l / 10) * 64 + Math.round(a / 10)) * 64 + Math.round(b / 10);
    const bin = bins.get(key);
    if (bin === undefined) bins.set(key, [colour]);
    else bin.push(colour);
  }
  const fullest = [...bins.values()].toSorted((a, b) => b.length - a.length)[0];
  if (fullest === undefined) return undefined;
  const centre = mean(fullest);
  return mean(colours.filter((colour) => distance(colour, centre) < 12));
}

function mean(colours: readonly Lab[]): Lab {
  const sum: [number, number, number] = [0, 0, 0];
  for (const [l, a, b] of colours) {
    sum[0] += l;
    sum[1] += a;
    sum[2] += b;
  }
  return [sum[0] / colours.length, sum[1] / colours.length, sum[2] / colours.length];
}

const light = Float64Array.from({ length: 256 }, (_, byte) =>
  byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4,
);

function linear(byte: number): number {
  return light[byte] ?? 0;
}

function curve(t: number): number {
  return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
}
