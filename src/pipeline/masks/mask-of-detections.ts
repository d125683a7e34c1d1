import type { Pixmap } from "#/image/pixmap.ts";
import type { DetectionMaking } from "#/recipe/mask-making.ts";
import type { EngineContext } from "../context.ts";
import type { Pause } from "../pause.ts";
import { boxesMask, grownBoxes } from "./boxes.ts";
import { detect } from "./detect.ts";
import type { MadeMask } from "./make-mask.ts";
import { segment } from "./segment.ts";

/** What opens the networks that find what is described and outline it. */
export type Detectors = Pick<EngineContext, "detector" | "segmenter">;

/**
 * A mask of what a prompt describes (pipeline section 13.4): boxes, of which the surest become outlines, or which are shown, all
 * of them. The detector is done with before what outlines is opened.
 *
 * @param pause called between two calls of networks
 */
export async function maskOfDetections(
  picture: Pixmap,
  making: DetectionMaking,
  makers: Detectors,
  pause?: Pause,
): Promise<MadeMask> {
  const found = await detect(picture, making, await makers.detector());
  await pause?.();
  const boxes = grownBoxes(found, making.growBoxes, picture);
  if (making.show === "boxes") return { mask: boxesMask(boxes, picture), found: boxes.length };
  const used = making.most === 0 ? boxes : boxes.slice(0, making.most);
  if (used.length === 0) return { mask: boxesMask([], picture), found: 0 };
  const mask = await segment(picture, used, await makers.segmenter(making.sam), pause);
  return { mask, found: used.length };
}
