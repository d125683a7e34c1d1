import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightMap } from "../checkpoint.ts";
import { readWeights } from "../read-weights.ts";
import { shownName } from "../shown-name.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";

/** Formats of ComfyUI's `comfy_quant` that are one F8 value times one number. */
const readable: ReadonlySet<string> = new Set(["float8_e4m3fn", "float8_e5m2"]);

/** Quantisations of other programs, told by names that nothing else has. */
const others: readonly (readonly [RegExp, string])[] = [
  [/\.quant_state\.bitsandbytes__|\.absmax$|\.quant_map$|\.SCB$/, "bitsandbytes"],
  [/\.(wscales|smooth_factor|wzeros|smooth_orig)$/, "SVDQuant (Nunchaku)"],
  [/\.(qweight|qzeros|g_idx)$/, "GPTQ or AWQ"],
  [/\._(data|scale)$/, "Quanto"],
  [/\.weight_scale_2$/, "nvfp4"],
  [/\.weight_scale_inv$/, "F8 with a scale for each block"],
  [
    /\.(weight_s_rel|weight_s_channel|weight_codebook|weight_scalar)$/,
    "a ComfyUI quantisation with several scales",
  ],
];

/** Names beside a weight that say how it is stored. */
const beside = /(^|\.)(scaled_fp8|scale_weight|scale_input|input_scale|comfy_quant|\w*weight_scale)$/;

/** Longest description of a layer's format that is looked at; real ones have about 40 bytes. */
const longest = 4096;

/**
 * Finds the scales of 8-bit weights and puts them to their weights: `<module>.scale_weight` or `.weight_scale` is one
 * number for `<module>.weight`. What else stands beside such weights is taken out, so that only weights are left:
 * markers (`scaled_fp8`), descriptions (`comfy_quant`) and scales of activations, which only 8-bit arithmetic needs.
 *
 * @throws ModelError `dtype-unsupported` naming a quantisation that is not read
 */
export function withScales(file: WeightFile): WeightMap {
  for (const [pattern, what] of others) {
    for (const key of file.tensors.keys()) if (pattern.test(key)) throw refused(file, what, key);
  }
  const stored = [...file.tensors].filter(([key]) => beside.test(key));
  refuseFormats(file, stored);
  if (stored.length === 0) return file.tensors;
  const weights = new Map([...file.tensors].filter(([key]) => !beside.test(key)));
  const scales = stored.flatMap(([key, scale]) => {
    const owner = ownerOf(key);
    const weight = owner === undefined ? undefined : weights.get(owner);
    return weight === undefined ? [] : [{ key, scale, weight }];
  });
  for (const { key, scale } of scales)
    if (scale.shape.some((n) => n !== 1)) throw refused(file, "F8 with a scale for each row or block", key);
  const values = readWeights(scales.map(({ scale }) => scale));
  for (const { key, scale, weight } of scales)
    weights.set(weight.key, scaled(file, key, weight, values.get(scale)?.[0] ?? Number.NaN));
  return weights;
}

/** The weight that a scale belongs to: OpenCLIP's fused projection has its name and `_scale`. */
function ownerOf(key: string): string | undefined {
  if (key.endsWith(".scale_weight")) return key.replace(/\.scale_weight$/, ".weight");
  return key.endsWith("weight_scale") ? key.replace(/_scale$/, "") : undefined;
}

function scaled(file: WeightFile, key: string, weight: WeightRef, scale: number): WeightRef {
  if (scale === 1) return weight;
  if (!weight.dtype.startsWith("F8_")) throw refused(file, `${weight.dtype} with a scale`, key);
  if (Number.isFinite(scale)) return { ...weight, scale };
  const message = `${basename(file.path)}: the scale ${shownName(key)} is no number; the file is broken.`;
  throw new ModelError("header-invalid", message, { path: file.path, key });
}

/** Looks at what each layer, or the header for all of them, says of its format. */
function refuseFormats(file: WeightFile, stored: readonly (readonly [string, WeightRef])[]): void {
  const described = stored.filter(([key, { length }]) => key.endsWith("comfy_quant") && length <= longest);
  const texts = readWeights(described.map(([, ref]) => ref));
  const layers = described.map(
    ([key, ref]) => [key, parsed(String.fromCharCode(...(texts.get(ref) ?? [])))] as const,
  );
  const header = property(parsed(file.metadata.get("_quantization_metadata") ?? ""), "layers");
  const listed = typeof header === "object" && header !== null ? Object.entries(header) : [];
  for (const [key, value] of [...layers, ...listed]) {
    const format = property(value, "format");
    if (typeof format !== "string") continue;
    const said = /^[\w.-]{1,40}$/.test(format) ? format : "an unknown format";
    if (!readable.has(format)) throw refused(file, said, key);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

function refused(file: WeightFile, what: string, key: string): ModelError {
  const message = `${basename(file.path)} is quantised as ${what} (${shownName(key)}), which is not read; take a version in F16, BF16, or F8 with one scale for each tensor.`;
  return new ModelError("dtype-unsupported", message, { path: file.path, key });
}
