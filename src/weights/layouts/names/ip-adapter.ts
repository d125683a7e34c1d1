import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed, Place } from "./needed.ts";

/** Channels of the cross-attentions that an adapter answers, by their numbers. */
type Widths = readonly number[];

/**
 * The names that an IP-Adapter must have (Ye et al. 2023, section 3.2): what makes tokens of a picture, below `image_proj.`, and
 * two matrices for every cross-attention, below `sites.`.
 */
export function neededAdapter(tensors: WeightMap, widths: Widths): Needed {
  const given = new Given(tensors);
  const root = new Place();
  const tokens = root.at("image_proj");
  const context = given.has("image_proj.latents") ? resampler(tokens, given) : projection(tokens, given);
  for (const [site, width] of widths.entries())
    for (const name of ["to_k_ip", "to_v_ip"]) root.linear(`sites.${site}.${name}`, context, width, false);
  return root.needed;
}

/** One matrix that makes all tokens. @returns the tokens' width */
function projection(m: Place, given: Given): number {
  const context = given.size(0, "image_proj.norm.weight") ?? 0;
  const rows = given.size(0, "image_proj.proj.weight") ?? context;
  // Whole tokens: of another number of rows the nearest that would be.
  m.linear("proj", given.size(1, "image_proj.proj.weight") ?? 0, rows - (rows % Math.max(1, context)));
  m.norm("norm", context);
  return context;
}

/** The resampler (Alayrac et al. 2022, section 3.1.1): learned latents that look at a picture's tokens. @returns the tokens' width */
function resampler(m: Place, given: Given): number {
  const width = given.size(2, "image_proj.latents") ?? 0;
  const inner = given.size(0, "image_proj.layers.0.0.to_q.weight") ?? width;
  const forward = given.size(0, "image_proj.layers.0.1.1.weight") ?? 4 * width;
  const context = given.size(0, "image_proj.norm_out.weight") ?? 0;
  m.put("latents", [1, given.size(1, "image_proj.latents") ?? 0, width]);
  m.linear("proj_in", given.size(1, "image_proj.proj_in.weight") ?? 0, width);
  for (let i = 0; i < Math.max(1, given.count("image_proj.layers")); i += 1) {
    const attention = m.at(`layers.${i}.0`);
    attention.norm("norm1", width);
    attention.norm("norm2", width);
    attention.linear("to_q", width, inner, false);
    attention.linear("to_kv", width, 2 * inner, false);
    attention.linear("to_out", inner, width, false);
    const feedForward = m.at(`layers.${i}.1`);
    feedForward.norm("0", width);
    feedForward.linear("1", width, forward, false);
    feedForward.linear("3", forward, width, false);
  }
  m.linear("proj_out", width, context);
  m.norm("norm_out", context);
  return context;
}
