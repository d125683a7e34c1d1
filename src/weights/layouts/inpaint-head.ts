import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint, WeightMap } from "../checkpoint.ts";
import type { OwnFile, PartSource } from "./part-source.ts";

/** The file's one tensor, and the name under which the network is drawn with it. */
const key = "head";
const drawnAs = "head.weight";

/** Channels that it reads: the mask, and the picture's latent. */
const channels = 5;

const inpaintHeadFile: OwnFile = {
  kind: "inpaint",
  prefixes: [""],
  knownBy: key,
  read: (file) => {
    const { path, tensors } = file;
    const head = tensors.get(key);
    const [, inner, ...kernel] = head?.shape ?? [];
    if (head === undefined || inner !== channels || kernel.join() !== "3,3") {
      const message = `${basename(path)} is not Fooocus' inpaint head: it has no tensor ${key} of the shape [320, 5, 3, 3].`;
      throw new ModelError("layout-unsupported", message, { path });
    }
    const notes =
      tensors.size === 1 ? [] : [`${basename(path)}: ${tensors.size - 1} other tensors are not used.`];
    return { tensors: new Map([[drawnAs, head]]), notes };
  },
  missing: "holds no inpaint head, which lies in a file of its own.",
};

/** Where the inpaint head lies: one convolution over the mask and the latent of the picture with a hole. */
export const inpaintHeadSource = { ownFile: inpaintHeadFile } as const satisfies PartSource;

/**
 * Checks that what a head answers can be added to what a checkpoint's first convolution does.
 *
 * @param tensors of the head
 * @throws ModelError `weight-shape` naming both widths and the way out
 */
export function checkHeadFits(tensors: WeightMap, { unet, path }: Checkpoint): void {
  const head = tensors.get(drawnAs);
  const own = head?.shape[0];
  const wanted = unet.get("input_blocks.0.0.weight")?.shape[0];
  if (head === undefined || own === wanted) return;
  const message = `${basename(head.path)} gives ${own} channels, ${basename(path)} has ${wanted} there: it was made for SDXL. Inpaint with the engine "None".`;
  throw new ModelError("weight-shape", message, { path: head.path, key, found: [...head.shape] });
}
