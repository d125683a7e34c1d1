import { readWeights } from "../read-weights.ts";
import type { WeightRef } from "../weight-file.ts";
import type { AdapterConfig } from "./adapter-config.ts";
import { refused } from "./refused.ts";

/**
 * Reads single numbers of a file (alphas: any float type, or int64), all with one opening of it.
 *
 * @throws ModelError `lora-unsupported` where one is not a single finite number
 */
export function readNumbers(path: string, refs: readonly WeightRef[]): ReadonlyMap<WeightRef, number> {
  for (const { key, shape } of refs) {
    if (shape.every((n) => n === 1)) continue;
    throw refused(path, `${key} should be one number but its shape is [${shape.join(", ")}]`, key);
  }
  const numbers = new Map<WeightRef, number>();
  for (const [ref, [value = Number.NaN]] of readWeights(refs)) {
    if (!Number.isFinite(value)) throw refused(path, `${ref.key} is not a number`, ref.key);
    numbers.set(ref, value);
  }
  return numbers;
}

/** What decides a branch's scale. */
export type ScaleFacts = Readonly<{
  path: string;
  /** The tensor that the sentence names. */
  key: string;
  /** Undefined where a family has none: whole sides of a Kronecker product. */
  rank: number | undefined;
  /** The file's own alpha of this module. */
  alpha: number | undefined;
  /** What PEFT was configured to, for the part, and the module's name there. */
  config: AdapterConfig | undefined;
  name: string;
}>;

/**
 * alpha / rank, from the module's alpha tensor or from PEFT's configuration: what a pattern says of the module, else
 * `lora_alpha` and `r`, over sqrt(r) with `use_rslora`; 1 where neither is there. An alpha of 0 gives 0, as in the
 * reference, ComfyUI and diffusers; kohya never saves one, it saves the rank instead. Where both are there diffusers
 * refuses the file; here they only have to agree.
 *
 * @throws ModelError `lora-unsupported` where the configuration does not fit the factors or the alpha
 */
export function scaleOf({ path, key, rank, alpha, config, name }: ScaleFacts): number {
  const own = alpha === undefined ? undefined : rank === undefined ? 1 : alpha / rank;
  if (config === undefined) return own ?? 1;
  const r = config.ranks.find(([matches]) => matches(name))?.[1] ?? config.r;
  if (rank !== undefined && r !== rank) {
    throw refused(path, `${key} has rank ${rank}, its metadata says ${r}: one of them is damaged`, key);
  }
  const configured = config.alphas.find(([matches]) => matches(name))?.[1] ?? config.alpha;
  const scale = configured / (config.rankStabilised ? Math.sqrt(r) : r);
  if (own !== undefined && Math.abs(own - scale) > 1e-3 * Math.abs(scale)) {
    const both = `its alpha says ${own}, its metadata ${scale}`;
    throw refused(path, `two strengths are given for ${key}: ${both}`, key);
  }
  return own ?? scale;
}
