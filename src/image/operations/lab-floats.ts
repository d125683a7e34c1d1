import { roundHalfEven } from "#/lib/round-half-even.ts";
import type { FloatMap } from "./float-map.ts";
import { isBright, labCurve, rgbToXyz, toLight, white } from "./lab-constants.ts";

const { fround } = Math;

/** The colour cube is known at 33 points a side; between two there are 16 steps. */
const points = 33;
const stepBits = 4;

/** One, in the integers between which OpenCV interpolates. */
const base = 2 ** 14;

/**
 * CIE L*a*b* (L 0 ... 100) of a map whose channels are blue, green, red in 0 ... 1, as OpenCV's COLOR_BGR2Lab of floats: not
 * by the formula, but from a coarse cube in integers, to the last bit.
 */
export function labOfBgrFloats({ width, height, channels, data }: FloatMap): FloatMap {
  const cube = colourCube();
  const out = new Float32Array(data.length);
  const place = (value: number): number => roundHalfEven(fround(Math.min(Math.max(value, 0), 1) * base));
  const unit = 1 << stepBits;
  const shift = 3 * stepBits;
  for (let i = 0; i < data.length; i += 3) {
    const [b, g, r] = [place(data[i]!), place(data[i + 1]!), place(data[i + 2]!)];
    const [pb, pg, pr] = [(b >> 5) & (unit - 1), (g >> 5) & (unit - 1), (r >> 5) & (unit - 1)];
    const [cb, cg, cr] = [b >> 9, g >> 9, r >> 9];
    let [light, redness, yellowness] = [0, 0, 0];
    for (let corner = 0; corner < 8; corner += 1) {
      const [nb, ng, nr] = [corner >> 2, (corner >> 1) & 1, corner & 1];
      const share = (nb ? pb : unit - pb) * (ng ? pg : unit - pg) * (nr ? pr : unit - pr);
      const at = indexOf(cb + nb, cg + ng, cr + nr);
      light += share * cube[at]!;
      redness += share * cube[at + 1]!;
      yellowness += share * cube[at + 2]!;
    }
    const half = 1 << (shift - 1);
    out[i] = (((light + half) >> shift) * 100) / base;
    out[i + 1] = (((redness + half) >> shift) * 256) / base - 128;
    out[i + 2] = (((yellowness + half) >> shift) * 256) / base - 128;
  }
  return { width, height, channels, data: out };
}

function indexOf(blue: number, green: number, red: number): number {
  const most = points - 1;
  return ((Math.min(red, most) * points + Math.min(green, most)) * points + Math.min(blue, most)) * 3;
}

/** L, a, b of the cube's points in float32, as integers: shares of 100, 256 and 256. */
function colourCube(): Int16Array {
  const cube = new Int16Array(points ** 3 * 3);
  const light = Float32Array.from({ length: points }, (_, i) => toLight(i / (points - 1)));
  const matrix = rgbToXyz.map((row, i) => row.map((n) => fround(n * (1 / (white[i] ?? 1)))));
  const [xr = 0, xg = 0, xb = 0, yr = 0, yg = 0, yb = 0, zr = 0, zg = 0, zb = 0] = matrix.flat();
  for (let red = 0; red < points; red += 1)
    for (let green = 0; green < points; green += 1)
      for (let blue = 0; blue < points; blue += 1) {
        const [b, g, r] = [light[blue]!, light[green]!, light[red]!];
        const sum = (kb: number, kg: number, kr: number): number =>
          fround(fround(fround(b * kb) + fround(g * kg)) + fround(r * kr));
        const y = sum(yb, yg, yr);
        const [fx, fy, fz] = [labCurve(sum(xb, xg, xr)), labCurve(y), labCurve(sum(zb, zg, zr))];
        const lightness = isBright(y) ? fround(fround(116 * fy) - 16) : fround(fround(24389 / 27) * y);
        const at = indexOf(blue, green, red);
        const signed = (value: number): number =>
          roundHalfEven(fround(fround(base * fround(value + 128)) / 256));
        cube[at] = roundHalfEven(fround(fround(base * lightness) / 100));
        cube[at + 1] = signed(fround(500 * fround(fx - fy)));
        cube[at + 2] = signed(fround(200 * fround(fy - fz)));
      }
  return cube;
}
