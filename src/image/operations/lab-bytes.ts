import { roundHalfEven } from "#/lib/round-half-even.ts";
import type { Pixmap } from "../pixmap.ts";
import { fromLight, integerTable, labCurve, rgbToXyz, toLight, white, xyzToRgb } from "./lab-constants.ts";

const { fround } = Math;

/** Bits behind the point: of the colour matrices, of light, and of CIE's f. */
const [matrixBits, lightBits, curveBits] = [12, 3, 15];

const descaled = (value: number, bits: number): number => (value + (1 << (bits - 1))) >> bits;

/**
 * CIE L*a*b* of a picture whose channels are blue, green, red, as bytes (L * 255 / 100, a + 128, b + 128), byte for byte as
 * OpenCV's COLOR_BGR2Lab, which works in integers.
 */
export function labOfBgr({ width, height, data }: Pixmap): Pixmap {
  const light = integerTable(256, (i) => (255 << lightBits) * toLight(fround(i / 255)));
  const share = fround(1 / (255 << lightBits));
  const curve = integerTable(
    ((256 * 3) / 2) << lightBits,
    (i) => 2 ** curveBits * labCurve(fround(share * i)),
  );
  const matrix = rgbToXyz.map((row, i) =>
    row.map((n) => roundHalfEven((2 ** matrixBits * n) / (white[i] ?? 1))),
  );
  const [xr = 0, xg = 0, xb = 0, yr = 0, yg = 0, yb = 0, zr = 0, zg = 0, zb = 0] = matrix.flat();
  const shift = -Math.floor((16 * 255 * 2 ** curveBits + 50) / 100);
  const out = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [b, g, r] = [light[data[i]!]!, light[data[i + 1]!]!, light[data[i + 2]!]!];
    const x = curve[descaled(r * xr + g * xg + b * xb, matrixBits)]!;
    const y = curve[descaled(r * yr + g * yg + b * yb, matrixBits)]!;
    const z = curve[descaled(r * zr + g * zg + b * zb, matrixBits)]!;
    out[i] = descaled(296 * y + shift, curveBits);
    out[i + 1] = descaled(500 * (x - y) + 128 * 2 ** curveBits, curveBits);
    out[i + 2] = descaled(200 * (y - z) + 128 * 2 ** curveBits, curveBits);
  }
  return { width, height, data: new Uint8Array(out.buffer) };
}

/** One, in the integers on the way back, and bits of the index into the curve of sRGB. */
const base = 2 ** 14;
const indexBits = 12;

/** The way back: blue, green, red of CIE L*a*b* in bytes, byte for byte as OpenCV's COLOR_Lab2BGR. */
export function bgrOfLab({ width, height, data }: Pixmap): Pixmap {
  const luminance = integerTable(256, luminanceOf);
  const curve = integerTable(256, curveOfLuminance);
  const bytes = integerTable(1 << indexBits, (i) => 255 * fromLight(fround(i / (1 << indexBits))));
  const matrix = xyzToRgb.map((row) =>
    row.map((n, i) => roundHalfEven(2 ** matrixBits * n * (white[i] ?? 1))),
  );
  const [rx = 0, ry = 0, rz = 0, gx = 0, gy = 0, gz = 0, bx = 0, by = 0, bz = 0] = matrix.flat();
  const bits = matrixBits + 14 - indexBits;
  const at = (value: number): number =>
    bytes[Math.min(Math.max(descaled(value, bits), 0), (1 << indexBits) - 1)]!;
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [y, f] = [luminance[data[i]!]!, curve[data[i]!]!];
    const x = cubed(f + ((5 * data[i + 1]! * 53687 + 128) >> 13) - 4194);
    const z = cubed(f - (((data[i + 2]! * 41943 + 16) >> 9) - 10484));
    out[i] = at(bx * x + by * y + bz * z);
    out[i + 1] = at(gx * x + gy * y + gz * z);
    out[i + 2] = at(rx * x + ry * y + rz * z);
  }
  return { width, height, data: out };
}

/** L in bytes up to which CIE's line counts: 8 * 255 / 100. */
const line = 20;

function luminanceOf(i: number): number {
  if (i <= line) return fround(fround(i * base * 180) / fround(17 * 29 ** 3));
  const f = brightCurve(i);
  return fround(fround(fround(f * f) * f) / base ** 2);
}

function curveOfLuminance(i: number): number {
  if (i > line) return brightCurve(i);
  return fround(base * fround(fround(16 / 116) + fround((i * 5) / 1479)));
}

const brightCurve = (i: number): number =>
  fround(fround(fround(i * 100 * base) / (255 * 116)) + fround((16 * base) / 116));

/** CIE's f undone, in integers that are cut off after each step. */
function cubed(f: number): number {
  if (f <= 3390) return Math.trunc((f * 108) / 841) - 290;
  return Math.trunc((Math.trunc((f * f) / base) * f) / base);
}
