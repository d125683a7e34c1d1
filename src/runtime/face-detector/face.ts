import type { Point } from "#/image/operations/fit-similarity.ts";
import type { Pixmap } from "#/image/pixmap.ts";

/** A face in a picture, in its pixels. */
export type Face = Readonly<{
  /** How certain it is: above 0.97 up to 1. */
  score: number;
  box: Readonly<{ left: number; top: number; right: number; bottom: number }>;
  /** The eyes, the nose and the corners of the mouth; what is left in the picture first. */
  points: readonly Point[];
}>;

/** The faces in a picture at its own size, the most certain one first. */
export type FaceDetector = (picture: Pixmap) => Promise<readonly Face[]>;
