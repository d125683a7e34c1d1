import type { Pixmap } from "../pixmap.ts";
import { fitSimilarity, type Point } from "./fit-similarity.ts";
import { warpAffine } from "./warp-affine.ts";

/** Pixels on each side of an aligned face. */
const side = 512;

/** Where eyes, nose and corners of the mouth are in an aligned face (FFHQ's mean face; Karras et al. 2018). */
const places: readonly Point[] = [
  { x: 192.98138, y: 239.94708 },
  { x: 318.90277, y: 240.1936 },
  { x: 256.63416, y: 314.01935 },
  { x: 201.26117, y: 371.41043 },
  { x: 313.08905, y: 371.15118 },
];

/** What is beyond the picture, RGB. */
const beyond = [132, 133, 135] as const;

/**
 * The part of a picture around a face, upright, 512 x 512: byte for byte what facexlib's `align_warp_face` makes with OpenCV 4.10.
 *
 * @param points the eyes, the nose and the corners of the mouth
 * @returns undefined where the points lie at one place
 */
export function alignFace(picture: Pixmap, points: readonly Point[]): Pixmap | undefined {
  const affine = fitSimilarity(points, places);
  return affine && warpAffine(picture, affine, { width: side, height: side }, beyond);
}
