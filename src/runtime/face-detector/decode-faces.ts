import type { Point } from "#/image/operations/fit-similarity.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Face } from "./face.ts";

/**
 * What a RetinaFace answers, a row for each of its boxes, those of the finest level first: how they differ from what was laid over
 * the picture, boxes [1, A, 4] and points [1, A, 10], and whether there is none or a face, [1, A, 2].
 */
export type Answer = Readonly<{ boxes: Tensor; scores: Tensor; points: Tensor }>;

/** Pixels from one place to the next, and the sides of the two squares at each. */
const levels = [
  { step: 8, sides: [16, 32] },
  { step: 16, sides: [64, 128] },
  { step: 32, sides: [256, 512] },
] as const;

/** Faces must be more certain than this. */
const certain = Math.fround(0.97);

/** By how much a difference of 1 moves a middle, and scales a side by e. */
const [moves, scales] = [Math.fround(0.1), Math.fround(0.2)];

/** All numbers are float32, as in the reference. */
const f = Math.fround;

/** A square that was laid over the picture: its middle and sides, in shares of the picture's. */
type Prior = Readonly<{ x: number; y: number; width: number; height: number }>;

/** The boxes in which there is a face for certain, in pixels of a picture of this size; one face has several. */
export function decodeFaces(
  { boxes, scores, points }: Answer,
  size: Readonly<{ width: number; height: number }>,
): readonly Face[] {
  const faces: Face[] = [];
  let row = 0;
  for (const { step, sides } of levels)
    for (let i = 0; i < Math.ceil(size.height / step); i += 1)
      for (let j = 0; j < Math.ceil(size.width / step); j += 1)
        for (const side of sides) {
          const score = scores.data[2 * row + 1] ?? 0;
          if (score > certain) {
            const prior: Prior = {
              x: f(((j + 0.5) * step) / size.width),
              y: f(((i + 0.5) * step) / size.height),
              width: f(side / size.width),
              height: f(side / size.height),
            };
            const place = (x: number, y: number): Point => ({ x: f(x * size.width), y: f(y * size.height) });
            faces.push({
              score,
              box: boxOf(prior, boxes.data.subarray(4 * row, 4 * row + 4), place),
              points: pointsOf(prior, points.data.subarray(10 * row, 10 * row + 10), place),
            });
          }
          row += 1;
        }
  return faces;
}

const moved = (middle: number, difference: number, side: number): number =>
  f(middle + f(f(difference * moves) * side));

function boxOf(
  prior: Prior,
  [x = 0, y = 0, wider = 0, taller = 0]: Float32Array,
  place: (x: number, y: number) => Point,
): Face["box"] {
  const width = f(prior.width * f(Math.exp(f(wider * scales))));
  const height = f(prior.height * f(Math.exp(f(taller * scales))));
  const left = f(moved(prior.x, x, prior.width) - f(width / 2));
  const top = f(moved(prior.y, y, prior.height) - f(height / 2));
  const [upper, lower] = [place(left, top), place(f(left + width), f(top + height))];
  return { left: upper.x, top: upper.y, right: lower.x, bottom: lower.y };
}

const pointsOf = (
  { x, y, width, height }: Prior,
  differences: Float32Array,
  place: (x: number, y: number) => Point,
): readonly Point[] =>
  [0, 1, 2, 3, 4].map((point) =>
    place(moved(x, differences[2 * point] ?? 0, width), moved(y, differences[2 * point + 1] ?? 0, height)),
  );
