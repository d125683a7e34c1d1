import type { Box } from "#/image/operations/crop.ts";
import { framedInput } from "#/image/operations/framed-input.ts";
import type { Normalisation } from "#/image/operations/plane-input.ts";
import { triangleResize } from "#/image/operations/triangle-resize.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { RequestError } from "#/lib/errors.ts";
import { roundHalfEven } from "#/lib/round-half-even.ts";
import type { Detector } from "#/runtime/detector.ts";
import { type BertTokenizer, createBertTokenizer } from "../text/bert-tokenizer.ts";
import { detectionText, detectionTokens, mostDetectionTokens } from "../text/detection-text.ts";

type Size = Readonly<{ width: number; height: number }>;

/** Pixels of the shorter side of what the detector is shown, and most of the longer one. */
const sides = { shorter: 800, longest: 1333 } as const;

/** ImageNet's, for values from 0 to 255. */
const normalisation: Normalisation = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  deviation: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** What is looked for, and how sure one must be of it: above this, 0 to 1. */
export type Wanted = Readonly<{ prompt: string; boxThreshold: number }>;

/**
 * Finds what a prompt describes in a picture, in true colours (pipeline section 13.4): boxes in pixels, the surest first.
 *
 * @throws RequestError `invalid-value` for a prompt of more tokens than are read, or a picture with too few pixels beside its length
 */
export async function detect(
  picture: Pixmap,
  { prompt, boxThreshold }: Wanted,
  detector: Detector,
  tokenize: BertTokenizer = createBertTokenizer(),
): Promise<readonly Box[]> {
  const ids = detectionTokens(prompt, tokenize);
  if (ids.length > mostDetectionTokens)
    throw new RequestError(
      "invalid-value",
      `What is to be found has ${ids.length} tokens, and ${mostDetectionTokens} are read: say it shorter.`,
    );
  const size = shownSize(picture);
  if (pixelsOfFeatures(size) < detector.boxes)
    throw new RequestError(
      "invalid-value",
      `Nothing can be detected in a picture of ${picture.width} x ${picture.height} pixels: it is too narrow.`,
    );
  const frame = { width: upTo4(size.width), height: upTo4(size.height) };
  const data = framedInput(triangleResize(picture, size), frame, normalisation);
  const shown = { dims: [1, 3, frame.height, frame.width], data };
  const { logits, boxes } = await detector.find(shown, detectionText(ids));
  const found = Array.from({ length: boxes.dims[0] ?? 0 }, (_, i) => {
    const largest = logits.data
      .subarray(i * ids.length, (i + 1) * ids.length)
      .reduce((a, b) => Math.max(a, b));
    return {
      score: 1 / (1 + Math.exp(-largest)),
      box: boxOf(boxes.data.subarray(4 * i, 4 * i + 4), picture),
    };
  });
  return found
    .filter(({ score }) => score > boxThreshold)
    .toSorted((a, b) => b.score - a.score)
    .map(({ box }) => box);
}

/** As torchvision's detection references have it: the longer side is cut down, and a fraction of a pixel is left out. */
export function shownSize({ width, height }: Size): Size {
  const [least, most] = [Math.min(width, height), Math.max(width, height)];
  const isLong = (most / least) * sides.shorter > sides.longest;
  const shorter = Math.max(1, isLong ? roundHalfEven((sides.longest * least) / most) : sides.shorter);
  if (least === shorter) return { width, height };
  return width < height
    ? { width: shorter, height: Math.trunc((shorter * height) / width) }
    : { width: Math.trunc((shorter * width) / height), height: shorter };
}

const upTo4 = (length: number): number => 4 * Math.ceil(length / 4);

/** Pixels of the features of all levels, an eighth of the picture's sides and less. */
function pixelsOfFeatures({ width, height }: Size): number {
  const pixels = [8, 16, 32, 64].map((by) => Math.ceil(width / by) * Math.ceil(height / by));
  return pixels.reduce((sum, count) => sum + count);
}

function boxOf([x = 0, y = 0, w = 0, h = 0]: Float32Array, { width, height }: Size): Box {
  const [left, top] = [(x - w / 2) * width, (y - h / 2) * height];
  return { left, top, right: left + w * width, bottom: top + h * height };
}
