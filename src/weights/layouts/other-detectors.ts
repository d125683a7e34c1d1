import type { WeightMap } from "../checkpoint.ts";
import { recogniseForeign } from "./foreign.ts";

/** Layers of the third stage by which Swin-B and Swin-L are told from Swin-T, which has six. */
const deeper = "backbone.0.layers.2.blocks.6.norm1.weight";

/** Networks that find boxes, or lie near them, told by a name which only they have; what comes first has names of later ones. */
const signs: readonly (readonly [pattern: RegExp, what: string])[] = [
  [
    /^(model\.)?(text_backbone|backbone\.conv_encoder|encoder\.layers\.0\.fusion_layer)\./,
    "GroundingDINO under transformers' names",
  ],
  [
    /^(language_model\.|neck\.convs|encoder\.fusion_layers|bbox_head\.)/,
    "GroundingDINO or GLIP under mmdetection's names",
  ],
  [/^image_encoder\.|^prompt_encoder\.|^mask_decoder\./, "a Segment Anything, which lies in the sam folder"],
  [/^transformer\.(tgt_embed|decoder\.ref_point_head)/, "a DINO that reads no text"],
];

/** Says what a file is that is not GroundingDINO on Swin-T. */
export function otherDetector(tensors: WeightMap, isDetector: boolean): string | undefined {
  if (isDetector)
    return tensors.has(deeper)
      ? `GroundingDINO on Swin-B, by its tensor ${deeper}; Fooocus detects with Swin-T, and other boxes would come of it`
      : undefined;
  const keys = [...tensors.keys()];
  for (const [pattern, what] of signs) {
    const key = keys.find((name) => pattern.test(name));
    if (key !== undefined) return `${what}, by its tensor ${key}`;
  }
  return recogniseForeign(tensors);
}
