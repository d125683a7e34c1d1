import type { WeightMap } from "../checkpoint.ts";
import { recogniseForeign } from "./foreign.ts";

/** What to do about a file that is none of them. */
export const published = "take sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth or sam_vit_h_4b8939.pth";

/** Networks for masks that are told by a name which only they have; what comes first has names of what comes later, too. */
const signs: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/(^|\.)mask_decoder\.(hf_token|hf_mlp|compress_vit_feat|embedding_maskfeature)\./, "HQ-SAM"],
  [
    /(^|\.)(sam_mask_decoder|sam_prompt_encoder|memory_attention|memory_encoder)\.|(^|\.)no_obj_embed_spatial$/,
    "SAM 2",
  ],
  [
    /(^|\.)image_encoder\.(layers\.\d+\.|patch_embed\.seq\.)/,
    "MobileSAM (with TinyViT for a picture encoder)",
  ],
  [
    /(^|\.)image_encoder\.(stages|blocks\.\d+\.attn\.lora|blocks\.\d+\.\w*[Aa]dapter)/,
    "another network made of SAM",
  ],
  [
    /^shared_image_embedding\.|(^|\.)vision_encoder\.(layers\.\d+\.|patch_embed\.)/,
    "a SAM under transformers' names",
  ],
  [
    /(^|\.)(groundingdino|transformer\.tgt_embed|enc_out_bbox_embed)|(^|\.)bert\.encoder\./,
    "GroundingDINO, which finds boxes",
  ],
];

/** Says what a file is that has not the names of Segment Anything, or has more than those. */
export function otherSegmenter(tensors: WeightMap, isSam: boolean): string | undefined {
  const keys = [...tensors.keys()];
  for (const [pattern, what] of signs) {
    const key = keys.find((name) => pattern.test(name));
    if (key !== undefined) return `${what}, by its tensor ${key} (${published})`;
  }
  return isSam ? undefined : recogniseForeign(tensors);
}
