import { magnitudeKeys } from "./families/dora.ts";
import type { Family } from "./families/family.ts";
import { families } from "./families/index.ts";

/**
 * What a tensor is to its module: a factor or a scale, something beside the factors (a Tucker core, lengths of DoRA, a bias), a
 * part of a family that is read, or of one that is not.
 */
export type Role =
  | "down"
  | "up"
  | "alpha"
  | Readonly<{ beside: Beside }>
  | Readonly<{ part: string; of: Family }>
  | Readonly<{ refused: string }>;

/** What may stand beside factors. */
export type Beside = "mid" | "magnitude" | "upBias";

/** A key taken apart: module name in the file's spelling, then what the tensor is to it. */
export type RoleOfKey = Readonly<{
  stem: string;
  role: Role;
  /** PEFT's name of the adapter where it stands inside the key, as in `.lora_A.default.weight`. */
  adapter?: string | undefined;
}>;

/**
 * The factors' suffixes. kohya, LyCORIS, OneTrainer: `.lora_down.weight`. PEFT and diffusers: `.lora_A.weight`, with an
 * adapter's name before `.weight` when the model's own state was saved, bare `.lora_A` in a few. diffusers' training
 * scripts: `.lora.down.weight` on UNets, `.lora_linear_layer.down.weight` on text encoders; its attention processors
 * before that: `_lora.down.weight`.
 */
const factors: readonly (readonly [RegExp, "down" | "up"])[] = [
  [/\.lora_(?:down|A)(?:\.(?<adapter>[^.]+))?\.weight$/, "down"],
  [/\.lora_(?:up|B)(?:\.(?<adapter>[^.]+))?\.weight$/, "up"],
  [/\.lora_A$/, "down"],
  [/\.lora_B$/, "up"],
  [/[._]lora\.down\.weight$/, "down"],
  [/[._]lora\.up\.weight$/, "up"],
  [/\.lora_linear_layer\.down\.weight$/, "down"],
  [/\.lora_linear_layer\.up\.weight$/, "up"],
];

const besides: readonly (readonly [RegExp, Beside])[] = [
  [/\.lora_mid(?:\.weight)?$/, "mid"],
  [magnitudeKeys, "magnitude"],
  [/\.lora_(?:B|up)(?:\.[^.]+)?\.bias$/, "upBias"],
];

/**
 * Parts of families that are not read, in LyCORIS', ComfyUI's, kohya's and PEFT's spellings. Order matters where one suffix
 * ends another.
 */
const others: readonly (readonly [RegExp, string])[] = [
  [/\.glora_[\w.]+$/, "GLoRA"],
  [/\.oft_diag$/, "OFT of an older kind"],
  [/\.oft_[Rr](\.[\w.]+)?$/, "OFT of an older kind"],
  [/\.lora_diag(\.[^.]+)?$/, "KaSA"],
  [/\.lora_E(\.[^.]+)?$/, "AdaLoRA"],
  [/\.lora_ranknum(\.[^.]+)?$/, "AdaLoRA"],
  [/\.(lambda_layer|[pq]_layer\.weight)$/, "T-LoRA"],
  [/\.lora_embedding_[AB](\.[^.]+)?$/, "LoRA of an embedding"],
  [/\.vera_lambda_[bd](\.[^.]+)?$/, "VeRA"],
  [/\.(set_weight|reshape_weight)$/, "replaced-weight"],
  [/\.(adamss|c3a|delora|fourierft|gralora|hira|hra|miss|bone|randlora|road|shira|waveft)_[\w.]+$/, "PEFT"],
];

/** What a tensor's name says it is; undefined where no LoRA family is known to write it. */
export function roleOfKey(key: string): RoleOfKey | undefined {
  for (const [pattern, role] of factors) {
    const found = pattern.exec(key);
    if (found !== null) return { stem: key.slice(0, found.index), role, adapter: found.groups?.["adapter"] };
  }
  if (key.endsWith(".alpha")) return { stem: key.slice(0, -".alpha".length), role: "alpha" };
  for (const [pattern, beside] of besides) {
    const found = pattern.exec(key);
    if (found !== null) return { stem: key.slice(0, found.index), role: { beside } };
  }
  for (const family of families) {
    const found = family.keys.exec(key);
    const part = found?.groups?.["part"];
    if (found !== null && part !== undefined)
      return { stem: key.slice(0, found.index), role: { part, of: family } };
  }
  for (const [pattern, family] of others) {
    const found = pattern.exec(key);
    if (found !== null)
      return { stem: key.slice(0, found.index), role: { refused: named(family, found[1]) } };
  }
  return undefined;
}

/** PEFT's rarer methods under the name that stands in their keys. */
const named = (family: string, word: string | undefined): string =>
  family === "PEFT" ? `PEFT's ${word ?? "unknown one"}` : family;
