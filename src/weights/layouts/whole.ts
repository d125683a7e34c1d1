import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { WeightMap } from "../checkpoint.ts";
import type { DType } from "../dtype.ts";
import { shownName } from "../shown-name.ts";
import type { Needed } from "./names/needed.ts";

/** A part of a model as messages call it, and where its names stand in the file. */
export type Part = Readonly<{ path: string; title: string; prefix: string }>;

const floats: ReadonlySet<DType> = new Set(["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"]);

/**
 * Checks that a part has every tensor its network is drawn from, in the shape it must have and as numbers, and none that
 * the network would pass over although it belongs to what it computes.
 *
 * @param unknown names of the part that its network does not need and that are no leftovers
 * @throws ModelError `weight-missing`, `weight-shape`, `dtype-unsupported`, or `layout-unsupported` for what is unknown,
 *         each naming the first few and how many
 */
export function checkPart(part: Part, tensors: WeightMap, needed: Needed, unknown: readonly string[]): void {
  // What is known to mean something says more than what is missing; what is merely unknown says less.
  refuseUnknown(
    part,
    unknown.filter((key) => meaningOf(key) !== undefined),
  );
  refuseIncomplete(part, tensors, needed);
  refuseUnknown(part, unknown);
}

function refuseIncomplete(part: Part, tensors: WeightMap, needed: Needed): void {
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
      const message = `${name}: ${shownName(ref.key)} should have the shape [${shape.join(", ")}], it has [${ref.shape.join(", ")}].`;
      const expected = [...shape];
      throw new ModelError("weight-shape", message, { ...facts, expected, found: [...ref.shape] });
    }
    if (!floats.has(ref.dtype)) {
      const message = `${name}: ${shownName(ref.key)} is stored as ${ref.dtype}, a quantisation that is not read; take a version in F16, BF16 or F8.`;
      throw new ModelError("dtype-unsupported", message, facts);
    }
  }
}

/** What a name says that no SDXL network has. */
const meanings = [
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
] as const satisfies readonly (readonly [RegExp, string])[];

const meaningOf = (key: string): string | undefined => meanings.find(([pattern]) => pattern.test(key))?.[1];

/**
 * Refuses names that no network here has.
 *
 * @throws ModelError `layout-unsupported` naming the first few, how many, and what they mean if that is known
 */
function refuseUnknown(part: Part, unknown: readonly string[]): void {
  const [first] = unknown;
  if (first === undefined) return;
  const meaning = meaningOf(first);
  const alike = unknown.filter((key) => meaningOf(key) === meaning);
  const means = meaning === undefined ? "" : `: ${meaning}`;
  const message = `${basename(part.path)} is of another architecture than SDXL's: its ${part.title} has ${counted(alike, part.prefix)}${means}.`;
  const facts = { path: part.path, key: part.prefix + first, unknown: unknown.length };
  throw new ModelError("layout-unsupported", message, facts);
}

/**
 * Refuses LoRA factors that stand beside the parts of a checkpoint.
 *
 * @throws ModelError `layout-unsupported`
 */
export function refuseFactors(path: string, names: readonly string[]): void {
  const [lora] = meanings;
  const factors = names.filter((key) => lora[0].test(key));
  if (factors.length === 0) return;
  const message = `${basename(path)} has ${counted(factors)}: ${lora[1]}.`;
  throw new ModelError("layout-unsupported", message, { path, key: factors[0] ?? "" });
}

/** The names of a part that its network does not need. */
export const unknownNames = (tensors: WeightMap, needed: Needed): readonly string[] =>
  [...tensors.keys()].filter((key) => !needed.has(key));

/** Names as a sentence counts them: the first three and the number of all. */
export function counted(keys: readonly string[], prefix = ""): string {
  const some = keys.slice(0, 3).map((key) => prefix + shownName(key));
  if (keys.length === 1) return `the tensor ${some[0]}`;
  return `${keys.length} tensors (${some.join(", ")}${keys.length > 3 ? " ..." : ""})`;
}
