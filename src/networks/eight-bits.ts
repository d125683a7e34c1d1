import type { WeightMap } from "#/weights/checkpoint.ts";
import type { ToCode } from "#/weights/eight-bits.ts";

/** A kind of layer of a network, known by how the names of its modules end, and what is done with it in 8 bits. */
type LayerKind = Readonly<{
  ending: RegExp;
  /** `parted` for what is wide, such as a projection whose halves gate each other: it is computed part by part. */
  as: "coded" | "parted" | "full";
  /** Why, as it was measured (docs/performance.md). */
  reason: string;
}>;

/** Layers of a network in 8 bits: the first kind that fits decides, and what fits none keeps its precision. */
export type EightBits = readonly LayerKind[];

/**
 * Widest part of a wide matrix: its sums stay in the cache of a processor's core. 77 rows times 1280 -> 5120 take 0.74 of the time of
 * the whole.
 */
const widest = 640;

/**
 * UNets and what copies their way down. The errors are of the prediction of the demo model with this kind alone in 8 bits
 * (scripts/bench/precision/sensitivity.ts); all that is coded below gives 1 % together, with the others it would be 4 %.
 */
export const unetEightBits: EightBits = [
  { ending: /^input_blocks\.0\.0$/, as: "full", reason: "reads the latent: 2.0 %, for 0.1 % of the work" },
  { ending: /^out\.2$/, as: "full", reason: "writes the prediction: 2.8 %, for 0.1 % of the work" },
  {
    ending: /\.skip_connection$/,
    as: "full",
    reason: "reads what nothing has normalised: 2.5 %, for 1 % of the work",
  },
  {
    ending: /^(time_embed|label_emb)\.|\.emb_layers\.1$/,
    as: "full",
    reason: "one row for a whole picture: 0.07 %, for none of the work",
  },
  {
    ending: /\.(in_layers\.2|out_layers\.3|op|conv)$/,
    as: "coded",
    reason: "0.9 %, for a quarter of the work",
  },
  { ending: /\.ff\.net\.0\.proj$/, as: "parted", reason: "0.04 %, for a quarter of the work" },
  {
    ending: /\.attn2\.(to_k|to_v)$/,
    as: "full",
    reason: "reads the text, once a prompt (text-keys.ts): 0.34 GB of SDXL's codes, for no work",
  },
  {
    ending: /\.(to_q|to_k|to_v|to_out\.0|ff\.net\.2|proj_in|proj_out)$/,
    as: "coded",
    reason: "0.13 %, for half of the work",
  },
];

/** Towers of CLIP that read texts, by the number of their last layer: chosen by what each kind saves of a text for its bytes. */
const towerEightBits = (last: number): EightBits => [
  {
    ending: new RegExp(`\\.layers\\.${last}\\.mlp\\.fc[12]$`),
    as: "full",
    reason: "the first tower's last layer is hardly ever asked, the second's at one place of a text",
  },
  { ending: /\.mlp\.fc1$/, as: "parted", reason: "a third of the work" },
  { ending: /\.mlp\.fc2$/, as: "coded", reason: "a third of the work" },
  {
    ending: /\.(q_proj|k_proj|v_proj|out_proj)$/,
    as: "full",
    reason: "a third of the work, once a text, for 0.24 GB of SDXL's codes",
  },
];

/** CLIP ViT-L/14's, of twelve layers. */
export const textLEightBits = towerEightBits(11);

/** OpenCLIP ViT-bigG/14's, of thirty-two. */
export const textGEightBits = towerEightBits(31);

/** The weights of a network that are coded, in the order of their names. */
export function toCode(kinds: EightBits, tensors: WeightMap): readonly ToCode[] {
  const found: ToCode[] = [];
  for (const [key, ref] of tensors) {
    if (!key.endsWith(".weight") || (ref.shape.length !== 2 && ref.shape.length !== 4)) continue;
    const module = key.slice(0, -".weight".length);
    const kind = kinds.find(({ ending }) => ending.test(module));
    if (kind === undefined || kind.as === "full") continue;
    const parts = kind.as === "parted" ? partsOf(ref.shape[0] ?? 0) : 1;
    if (parts !== undefined) found.push({ module, ref, parts });
  }
  return found.toSorted((a, b) => (a.module < b.module ? -1 : 1));
}

/** The fewest equal parts, an even number of them, that are no wider than the widest. */
function partsOf(out: number): number | undefined {
  for (let parts = 2; parts <= out; parts += 2) if (out % parts === 0 && out / parts <= widest) return parts;
  return undefined;
}
