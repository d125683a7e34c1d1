import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightMap } from "../checkpoint.ts";
import type { DType } from "../dtype.ts";
import type { Needed } from "./names/needed.ts";

/** A part of a model as messages call it, and where its names stand in the file. */
export type Part = Readonly<{ path: string; title: string; prefix: string }>;

const floats: ReadonlySet<DType> = new Set(["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"]);

/**
 * Checks that a part has every tensor its network is drawn from, in the shape it must have and as numbers.
 *
 * @throws ModelError `weight-missing` naming the first few and how many, `weight-shape`, or `dtype-unsupported`
 */
export function refuseIncomplete(part: Part, tensors: WeightMap, needed: Needed): void {
  const name = basename(part.path);
  const missing = [...needed.keys()].filter((key) => !tensors.has(key));
  if (missing.length > 0) {
    const message = `${name} is incomplete: its ${part.title} lacks ${counted(missing, part.prefix)}. Get the file again.`;
    const key = part.prefix + (missing[0] ?? "");
    throw new ModelError("weight-missing", message, { path: part.path, key, missing: missing.length });
  }
  for (const [key, shape] of needed) {
    const ref = tensors.get(key);
    if (ref === undefined) continue;
    const facts = { path: part.path, key: ref.key };
    if (shape !== undefined && shape.join() !== ref.shape.join()) {
      const message = `${name}: ${ref.key} should have the shape [${shape.join(", ")}], it has [${ref.shape.join(", ")}].`;
      const expected = [...shape];
      throw new ModelError("weight-shape", message, { ...facts, expected, found: [...ref.shape] });
    }
    if (!floats.has(ref.dtype)) {
      const message = `${name}: ${ref.key} is stored as ${ref.dtype}, a quantisation that is not read; take a version in F16, BF16 or F8.`;
      throw new ModelError("dtype-unsupported", message, facts);
    }
  }
}

/** What a name says that no SDXL network has. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [
    /(^|[._])lora_|\.lora\.|hada_w|lokr_w|oft_blocks/,
    "LoRA factors that were never merged; take the model without them, and the LoRA from the loras folder",
  ],
  [/time_stack|time_mixer|motion_modules|temporal/, "a video model's layers"],
  [
    /time_embed\.cond_proj/,
    "guidance as an input of the network (a distilled LCM model); take the base model and its LCM LoRA",
  ],
  [/to_[kv]_ip|ip_adapter|image_proj/, "an image-prompt adapter that was merged in"],
  [/\.fuser\.|position_net/, "GLIGEN's layers for boxes"],
  [/encoder_hid_proj/, "Kolors' door to another text encoder"],
  [/_orig_mod\./, "names that torch.compile left; save the model again without it"],
];

/**
 * Refuses tensors that a network would pass over although they belong to what it computes.
 *
 * @throws ModelError `layout-unsupported` naming the first few, how many, and what they mean
 */
export function refuseUnknown(part: Part, unknown: readonly string[]): void {
  if (unknown.length === 0) return;
  const meaning = meanings.find(([pattern]) => unknown.some((key) => pattern.test(key)));
  const first = meaning === undefined ? unknown : unknown.filter((key) => meaning[0].test(key));
  const means = meaning === undefined ? "" : `: ${meaning[1]}`;
  const message = `${basename(part.path)} is of another architecture than SDXL's: its ${part.title} has ${counted(first, part.prefix)}${means}.`;
  const key = part.prefix + (first[0] ?? "");
  throw new ModelError("layout-unsupported", message, { path: part.path, key, unknown: unknown.length });
}

/** The names of a part that its network does not need. */
export const unknownNames = (tensors: WeightMap, needed: Needed): readonly string[] =>
  [...tensors.keys()].filter((key) => !needed.has(key));

/** Names as a sentence counts them: the first three and the number of all. */
export function counted(keys: readonly string[], prefix = ""): string {
  const some = keys.slice(0, 3).map((key) => prefix + key.slice(0, 120));
  if (keys.length === 1) return `the tensor ${some[0]}`;
  return `${keys.length} tensors (${some.join(", ")}${keys.length > 3 ? " ..." : ""})`;
}
