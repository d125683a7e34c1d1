import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { detectorTensors } from "#/weights/layouts/grounding-dino.ts";
import type { Ask } from "./ask.ts";
import type { Workshop } from "./job-network.ts";
import { loneNetworks } from "./lone-networks.ts";
import { wholeNumbers } from "./whole-numbers.ts";

/** A text in tokens: their numbers, their positions, and what is added to the scores between them, [T, T]. */
type Asked = Readonly<{ ids: readonly number[]; positions: readonly number[]; mask: Float32Array }>;

/** What finds in a picture what a text describes. */
export type Detector = Readonly<{
  /** Boxes that it answers with, and pixels of features that a picture must have at least. */
  boxes: number;
  /**
   * Logits [Q, T] of each word, and boxes [Q, 4], middle, width and height in shares of what it was shown.
   *
   * @param picture [1, 3, 4 h, 4 w], normalised, zeros beyond it on the right and below
   */
  find: (picture: Tensor, text: Asked) => Promise<Readonly<{ logits: Tensor; boxes: Tensor }>>;
}>;

/**
 * The GroundingDINO of a file.
 *
 * @param ask     asks the networks of that file
 * @param tensors its weights, for their sizes
 */
function detectorOf(ask: Ask, tensors: WeightMap): Detector {
  return {
    boxes: tensors.get("transformer.tgt_embed.weight")?.shape[0] ?? 0,
    find: async (picture, { ids, positions, mask }) => {
      const tokens = ids.length;
      return await ask(networks["grounding-dino"], {
        picture,
        ids: wholeNumbers([1, tokens], ids),
        positions: wholeNumbers([1, tokens], positions),
        mask: { dims: [1, 1, tokens, tokens], data: mask },
      });
    },
  };
}

/**
 * The GroundingDINO of a file, announced as a job's networks are; it may be closed when something else is announced.
 *
 * @throws ModelError if the file is none, EngineError `out-of-memory` if it is larger than the budget
 */
export function detectorAt(path: string, workshop: Workshop): Detector {
  const lone = loneNetworks(path, detectorTensors, workshop);
  workshop.residency.startJob(lone.requests([networks["grounding-dino"]]));
  return detectorOf(lone.ask, lone.tensors);
}
