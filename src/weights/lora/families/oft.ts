import { readWeight } from "../../read-weights.ts";
import type { WeightRef } from "../../weight-file.ts";
import { type Ingredient, tensor } from "../ingredient.ts";
import { refused } from "../refused.ts";
import { cayley, skewed, turnedOver } from "../rotation.ts";
import { type Changes, count, type Family, type Found, matrix, part, sizes } from "./family.ts";

/**
 * OFT (Qiu et al. 2023) as LyCORIS and kohya write it, on groups of a module's rows: R = (1 + Q)(1 - Q)⁻¹, W becomes Rᵀ W
 * by the strength, then times `rescale` whatever the strength. BOFT (Liu et al. 2024) is a stack of such, each stage R W by
 * the strength. `alpha` limits the length of Q: all blocks together, to alpha times the number of rows.
 */
export const oft: Family = {
  name: "OFT",
  keys: /\.(?<part>oft_blocks|rescale)$/,
  scaled: false,
  read: (found) => {
    const blocks = part(found, "oft_blocks");
    if (blocks.shape.length === 3) return rotation(found, blocks);
    if (blocks.shape.length === 4) return butterfly(found, blocks);
    const why = `${blocks.key} should have three axes, or four, but its shape is [${blocks.shape.join(", ")}]`;
    throw refused(found.file.path, why, blocks.key);
  },
};

function rotation(found: Found, blocks: WeightRef): Changes {
  const { out } = sizes(found);
  const [groups = 0, size = 0] = blocks.shape;
  matrix(found, blocks, groups, size * size);
  if (groups * size !== out) return unfit(found, blocks);
  const turns = turnsOf(found, blocks, true);
  return { weight: [{ form: "rotated", parts: { turns, ...rescaleOf(found) } }] };
}

function butterfly(found: Found, blocks: WeightRef): Changes {
  const { out } = sizes(found);
  const [stages = 0, groups = 0, size = 0] = blocks.shape;
  matrix(found, blocks, stages, groups * size * size);
  const widest = 2 ** (stages - 1) * size;
  if (groups * size !== out || size % 2 !== 0 || out % widest !== 0) return unfit(found, blocks);
  const turns = turnsOf(found, blocks, false);
  return { weight: [{ form: "butterfly", parts: { turns, ...rescaleOf(found) } }] };
}

function unfit(found: Found, blocks: WeightRef): never {
  const { out } = sizes(found);
  const why = `${blocks.key} has the shape [${blocks.shape.join(", ")}], which makes no groups of ${out} rows`;
  throw refused(found.file.path, why, blocks.key);
}

/** R less the identity, or Rᵀ less it. */
function turnsOf(found: Found, blocks: WeightRef, over: boolean): Ingredient {
  const constraint = (found.alpha ?? 0) * sizes(found).out;
  const size = blocks.shape.at(-1) ?? 1;
  const values = (): Float32Array => {
    const made = cayley(skewed({ size, values: readWeight(blocks) }, constraint));
    return (over ? turnedOver(made) : made).values;
  };
  return { shape: blocks.shape, from: [blocks], how: `turns ${over}, at most ${constraint}`, values };
}

function rescaleOf(found: Found): Readonly<Record<string, Ingredient>> {
  const rescale = found.parts.get("rescale");
  if (rescale === undefined) return {};
  const { out } = sizes(found);
  matrix(found, { ...rescale, shape: [count(rescale)] }, out, 1);
  return { rescale: tensor(rescale, [out, 1]) };
}
