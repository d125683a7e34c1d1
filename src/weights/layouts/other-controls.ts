import type { WeightMap } from "../checkpoint.ts";
import { recogniseForeign } from "./foreign.ts";

/** Kinds that are told by a name, in this order: a union has all names of a ControlNet, too. */
const byName: readonly (readonly [pattern: RegExp, what: string])[] = [
  [
    /(^|\.)(task_embedding$|control_add_embedding\.|spatial_ch_projs\.|transformer_layes\.)/,
    "a ControlNet-Union (one file for many kinds of pictures), which is not read",
  ],
  [/(^|[._])lllite_/, "a ControlNet-LLLite, which is not read"],
  [/^(adapter\.)?body\.\d+\.(resnets\.\d+\.|block\d\.|in_conv\.)/, "a T2I-Adapter, which is not read"],
  [
    /^(single_)?transformer_blocks\.\d|^(double|single|joint)_blocks\./,
    "a ControlNet of another architecture (Flux and Stable Diffusion 3 have such)",
  ],
  [/^(image_proj|ip_adapter)(\.|$)/, "an IP-Adapter, which is for ImagePrompt and FaceSwap"],
];

/** How wide the text is that the Stable Diffusions before SDXL attend to. */
const oldContexts: Readonly<Record<number, string>> = { 768: "1.x", 1024: "2.x" };

/**
 * What a file is that is not one of the ControlNets which are read, by names and shapes; undefined where it may be one.
 *
 * @param isControl whether it has the names of one
 */
export function otherControl(tensors: WeightMap, isControl: boolean): string | undefined {
  for (const [pattern, what] of byName) for (const key of tensors.keys()) if (pattern.test(key)) return what;
  if (!isControl) return recogniseForeign(tensors);
  const keys = [...tensors.keys()];
  const text = keys.find((key) => key.endsWith(".attn2.to_k.weight"));
  const context = tensors.get(text ?? "")?.shape[1] ?? 0;
  const version = oldContexts[context];
  const toldSizes = keys.some((key) => /(^|\.)(label_emb|add_embedding)\./.test(key));
  if (version !== undefined && !toldSizes) return `a ControlNet for Stable Diffusion ${version}`;
  if (keys.some((key) => key.startsWith("encoder_hid_proj."))) return "a ControlNet for Kolors";
  return undefined;
}
