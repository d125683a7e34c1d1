import type { Greymap } from "#/image/greymap.ts";
import type { Box } from "#/image/operations/crop.ts";
import { fillHoles } from "#/image/operations/fill-holes.ts";
import { framedInput } from "#/image/operations/framed-input.ts";
import type { Normalisation } from "#/image/operations/plane-input.ts";
import { triangleResize } from "#/image/operations/triangle-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { Segmenter } from "#/runtime/segmenter.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Pause } from "../pause.ts";
import { maskOfLogits } from "./mask-of-logits.ts";

type Size = Readonly<{ width: number; height: number }>;

/** What Segment Anything was trained with, for values from 0 to 255. */
const normalisation: Normalisation = {
  mean: [123.675, 116.28, 103.53],
  deviation: [58.395, 57.12, 57.375],
};

/** Boxes that the decoder is asked about at once: it takes some 30 MB for each. */
const atOnce = 4;

/** Regions of fewer pixels that a mask leaves out are part of it, as Fooocus has it. */
const leastHole = 400;

/**
 * What lies in boxes of a picture, by Segment Anything (Kirillov et al. 2023; pipeline section 13.4): one mask for each box,
 * its small holes filled, all of them together. White is what was found.
 *
 * @param boxes in pixels of the picture, those alone that are wanted; of none the mask is black, and nothing is asked
 * @param pause called between two calls of the network
 */
export async function segment(
  picture: Pixmap,
  boxes: readonly Box[],
  segmenter: Segmenter,
  pause: Pause = () => undefined,
): Promise<Greymap> {
  const { width, height } = picture;
  const union = new Uint8Array(width * height);
  if (boxes.length === 0) return { width, height, data: union, channels: 1 };
  const { side } = segmenter;
  const seen = sizeWithin(picture, side);
  const data = framedInput(triangleResize(picture, seen), { width: side, height: side }, normalisation);
  const embedding = await segmenter.embed({ dims: [1, 3, side, side], data });
  for (let from = 0; from < boxes.length; from += atOnce) {
    await pause();
    const some = boxes.slice(from, from + atOnce);
    const logits = await segmenter.masks({ embedding, boxes: scaled(some, picture, seen) });
    for (let i = 0; i < some.length; i += 1) {
      await pause();
      const mask = fillHoles(maskOfLogits(plane(logits, i), { side, seen, size: picture }), leastHole);
      for (const [at, value] of mask.data.entries()) if (value === 255) union[at] = 255;
    }
  }
  return { width, height, data: union, channels: 1 };
}

/** The size at which a picture's longer side is the square's; the other one is rounded, halves up, and at least a pixel. */
function sizeWithin({ width, height }: Size, side: number): Size {
  const scale = side / Math.max(width, height);
  const rounded = (length: number): number => Math.max(1, Math.floor(length * scale + 0.5));
  return { width: rounded(width), height: rounded(height) };
}

/** Boxes in pixels of what the encoder sees, [N, 4]. */
function scaled(boxes: readonly Box[], picture: Size, seen: Size): Tensor {
  const [across, down] = [seen.width / picture.width, seen.height / picture.height];
  const corners = boxes.flatMap(({ left, top, right, bottom }) => [
    left * across,
    top * down,
    right * across,
    bottom * down,
  ]);
  return { dims: [boxes.length, 4], data: Float32Array.from(corners) };
}

/** One of [N, h, w]. */
function plane({ dims, data }: Tensor, index: number): Tensor {
  const [, height = 0, width = 0] = dims;
  const size = height * width;
  return { dims: [height, width], data: data.subarray(index * size, (index + 1) * size) };
}
