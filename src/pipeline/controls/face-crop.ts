import { alignFace } from "#/image/operations/align-face.ts";
import { areaResize } from "#/image/operations/area-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Face, FaceDetector } from "#/runtime/face-detector/face.ts";

/** A picture of a face, or the whole picture where none was found. */
export type FaceCrop = Readonly<{
  image: Pixmap;
  /** How many were found; the most certain one is shown. */
  faces: number;
  /** Whether that took a smaller copy of the picture. */
  shrunk: boolean;
  found: boolean;
}>;

/** The longer side of the smaller copy. */
const smaller = 1024;

/**
 * The most certain face of a picture, upright and as large as others (pipeline section 12.5). The detector's largest boxes are 512
 * pixels wide, so a face that fills a large picture is looked for once more in a smaller copy. Where there is none, the whole
 * picture is used.
 */
export async function faceCrop(picture: Pixmap, detect: FaceDetector): Promise<FaceCrop> {
  const atOwnSize = await detect(picture);
  if (atOwnSize.length > 0) return cropped(picture, atOwnSize, false);
  const copy = smallerCopy(picture);
  const faces = copy === undefined ? [] : await detect(copy);
  const [across, down] = [picture.width / (copy?.width ?? 1), picture.height / (copy?.height ?? 1)];
  const points = faces.map((face) => ({
    ...face,
    points: face.points.map(({ x, y }) => ({ x: x * across, y: y * down })),
  }));
  return cropped(picture, points, faces.length > 0);
}

function cropped(picture: Pixmap, faces: readonly Pick<Face, "points">[], shrunk: boolean): FaceCrop {
  const [first] = faces;
  const image = first && alignFace(picture, first.points);
  if (image === undefined) return { image: picture, faces: 0, shrunk: false, found: false };
  return { image, faces: faces.length, shrunk, found: true };
}

function smallerCopy(picture: Pixmap): Pixmap | undefined {
  const longer = Math.max(picture.width, picture.height);
  if (longer <= smaller) return undefined;
  const scaled = (length: number): number => Math.max(1, Math.round((length * smaller) / longer));
  return areaResize(picture, { width: scaled(picture.width), height: scaled(picture.height) });
}
