import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { samTensors } from "#/weights/layouts/sam.ts";
import type { Ask } from "./ask.ts";
import type { Workshop } from "./job-network.ts";
import { loneNetworks } from "./lone-networks.ts";

/** A Segment Anything: what it makes of a picture once, and of that and boxes. */
export type Segmenter = Readonly<{
  /** Pixels of a side of the square that it sees. */
  side: number;
  /** A picture [1, 3, side, side], normalised, zeros beyond it -> what the masks are made of. */
  embed: (picture: Tensor) => Promise<Tensor>;
  /** One mask for each box [N, 4] (left, top, right and bottom in pixels of the square): [N, h, w], above 0 where it is. */
  masks: (asked: Readonly<{ embedding: Tensor; boxes: Tensor }>) => Promise<Tensor>;
}>;

/**
 * The Segment Anything of a file.
 *
 * @param ask     asks the networks of that file
 * @param tensors its weights, for their sizes
 */
export function segmenterOf(ask: Ask, tensors: WeightMap): Segmenter {
  const grid = tensors.get("image_encoder.pos_embed")?.shape[1] ?? 0;
  const patch = tensors.get("image_encoder.patch_embed.proj.weight")?.shape[2] ?? 0;
  return {
    side: grid * patch,
    embed: async (picture) => (await ask(networks["sam-image-encoder"], { picture })).embedding,
    masks: async (asked) => (await ask(networks["sam-mask-decoder"], asked)).logits,
  };
}

/**
 * The Segment Anything of a file, announced as a job's networks are; it may be closed when something else is announced.
 *
 * @throws ModelError if the file is none, EngineError `out-of-memory` if one of its networks is larger than the budget
 */
export function segmenterAt(path: string, workshop: Workshop): Segmenter {
  const lone = loneNetworks(path, samTensors, workshop);
  workshop.residency.startJob(lone.requests([networks["sam-image-encoder"], networks["sam-mask-decoder"]]));
  return segmenterOf(lone.ask, lone.tensors);
}
