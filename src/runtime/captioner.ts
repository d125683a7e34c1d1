import { captionNetworks } from "#/networks/index.ts";
import type { Network } from "#/networks/network.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { WeightMap } from "#/weights/checkpoint.ts";
import { blipTensors } from "#/weights/layouts/blip.ts";
import type { Ask } from "./ask.ts";
import type { Workshop } from "./job-network.ts";
import { causalMask, type Memory } from "./language-model.ts";
import { loneNetworks } from "./lone-networks.ts";
import { wholeNumbers } from "./whole-numbers.ts";

/** What a captioner is told next, of a picture that it was shown. */
type Told = Readonly<{ ids: readonly number[]; memory: Memory; shown: Tensor }>;

/** A language model that has been shown a picture. */
export type Captioner = Readonly<{
  /** Width and height of what it is shown. */
  side: number;
  /** Tokens of its vocabulary. */
  vocabulary: number;
  /** What it remembers of no text. */
  blank: Memory;
  /** What it sees in a picture [1, 3, side, side] in CLIP's levels; once a picture. */
  look: (picture: Tensor) => Promise<Tensor>;
  /** All tokens' logits after these, and what it remembers now. */
  next: (told: Told) => Promise<Readonly<{ scores: Float32Array; memory: Memory }>>;
}>;

/**
 * The captioner of a file.
 *
 * @param ask     asks the networks of that file
 * @param tensors its weights, for their sizes
 */
export function captionerOf(ask: Ask, tensors: WeightMap): Captioner {
  const { "blip-vision": vision, "blip-text": text } = captionNetworks;
  const size = (key: string, axis: number): number => tensors.get(key)?.shape[axis] ?? 0;
  const words = "text_decoder.bert.embeddings.word_embeddings.weight";
  const layers = [...tensors.keys()].filter((key) =>
    key.endsWith(".crossattention.self.query.weight"),
  ).length;
  const patches = Math.sqrt(size("visual_encoder.pos_embed", 1) - 1);
  return {
    side: Math.round(patches) * size("visual_encoder.patch_embed.proj.weight", 2),
    vocabulary: size(words, 0),
    blank: { dims: [2 * layers, 0, size(words, 1)], data: new Float32Array() },
    look: async (picture) => (await ask(vision, { picture })).shown,
    next: async ({ ids, memory, shown }) => {
      const known = memory.dims[1] ?? 0;
      const { scores, present } = await ask(text, {
        ids: wholeNumbers([1, ids.length], ids),
        positions: wholeNumbers(
          [1, ids.length],
          ids.map((_, at) => known + at),
        ),
        mask: causalMask(ids.length, known),
        past: memory,
        shown,
      });
      return { scores: scores.data, memory: present };
    },
  };
}

/**
 * The captioner of a file; its networks stay open together until the residency is told of the job's end.
 *
 * @throws ModelError if the file is none, EngineError `out-of-memory` if one of them is larger than the budget
 */
export function captionerAt(path: string, workshop: Workshop): Captioner {
  const { ask, tensors, requests } = loneNetworks(path, blipTensors, workshop);
  workshop.residency.startJob(requests(Object.values<Network>(captionNetworks)));
  return captionerOf(ask, tensors);
}
