/** What a tensor is to its module: a factor or a scale that we use, or a part of another family. */
export type Role = "down" | "up" | "alpha" | Readonly<{ family: string }>;

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

/**
 * Parts of families that no pair of factors can express, in LyCORIS', ComfyUI's, kohya's, OneTrainer's, ai-toolkit's and
 * PEFT's spellings. Order matters where one suffix ends another.
 */
const families: readonly (readonly [RegExp, string])[] = [
  [/\.hada_[wt]\d(_[ab])?(\.[^.]+)?$/, "LoHa"],
  [/\.lokr_[wt]\d(_[ab])?(\.[^.]+)?$/, "LoKr"],
  [/\.(dora_scale|magnitude)(\.weight)?$/, "DoRA"],
  [/\.lora_magnitude_vector(\.[^.]+)?(\.weight)?$/, "DoRA"],
  [/\.(a1|a2|b1|b2|bm)\.weight$/, "GLoRA"],
  [/\.glora_[\w.]+$/, "GLoRA"],
  [/\.boft_[Rs](\.[^.]+)?$/, "BOFT"],
  [/\.oft_(blocks|diag)$/, "OFT"],
  [/\.oft_[Rr](\.[\w.]+)?$/, "OFT"],
  [/\.on_input$/, "IA3"],
  [/\.ia3_l(\.[^.]+)?$/, "IA3"],
  [/\.lora_mid(\.weight)?$/, "LoCon with a Tucker core"],
  [/\.lora_(B|up)(\.[^.]+)?\.bias$/, "LoRA with biases"],
  [/\.lora_diag(\.[^.]+)?$/, "KaSA"],
  [/\.lora_E(\.[^.]+)?$/, "AdaLoRA"],
  [/\.lora_ranknum(\.[^.]+)?$/, "AdaLoRA"],
  [/\.(lambda_layer|[pq]_layer\.weight)$/, "T-LoRA"],
  [/\.lora_embedding_[AB](\.[^.]+)?$/, "LoRA of an embedding"],
  [/\.vera_lambda_[bd](\.[^.]+)?$/, "VeRA"],
  [/\.(w_norm|b_norm)$/, "norm-difference"],
  [/\.(diff|diff_b)$/, "full-difference"],
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
  for (const [pattern, family] of families) {
    const found = pattern.exec(key);
    if (found !== null) return { stem: key.slice(0, found.index), role: { family: named(family, found[1]) } };
  }
  return undefined;
}

/** PEFT's rarer methods under the name that stands in their keys. */
const named = (family: string, word: string | undefined): string =>
  family === "PEFT" ? `PEFT's ${word ?? "unknown one"}` : family;
