import { matteFile } from "#/catalog/matte-files.ts";
import type { Greymap } from "#/image/greymap.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { MaskMaking } from "#/recipe/mask-making.ts";
import type { EngineContext } from "../context.ts";
import type { Pause } from "../pause.ts";
import { makeMatte } from "./make-matte.ts";
import { type Detectors, maskOfDetections } from "./mask-of-detections.ts";

/**
 * A mask of a picture's size: white is what was looked for, with all values between where a network tells how much of a pixel
 * is. `found` counts things; 0 means that there is nothing to paint, whatever is done with the mask.
 */
export type MadeMask = Readonly<{ mask: Greymap; found: number }>;

/** What opens the networks that masks are made with. */
export type MaskMakers = Pick<EngineContext, "foreign"> & Detectors;

/**
 * Makes a mask (pipeline section 13.4).
 *
 * @param pause called between two calls of networks
 * @throws RequestError `missing-model` where a file is gone, ModelError where one is not what it is called
 */
export async function makeMask(
  picture: Pixmap,
  making: MaskMaking,
  makers: MaskMakers,
  pause?: Pause,
): Promise<MadeMask> {
  switch (making.by) {
    case "matte": {
      const { name } = matteFile(making.model);
      const mask = await makeMatte(picture, making, makers.foreign("matte", name));
      return { mask, found: mask.data.some((value) => value > 127) ? 1 : 0 };
    }
    case "detection":
      return await maskOfDetections(picture, making, makers, pause);
  }
}
