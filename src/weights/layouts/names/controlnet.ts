import type { WeightMap } from "../../checkpoint.ts";
import { Given, type Needed } from "./needed.ts";
import { neededEncoder } from "./unet.ts";

/** Colours of the picture, and convolutions that it passes: each has SiLU behind it, which has a number and no tensors. */
const colours = 3;
const hintConvolutions = 8;

/**
 * The names that a ControlNet of these tensors must have, in LDM's names (Zhang et al. 2023, section 3): the UNet down to its
 * middle, the picture's convolutions, and one of 1 x 1 behind each block and the middle.
 */
export function neededControlNet(tensors: WeightMap): Needed {
  const { root, skips, width } = neededEncoder(tensors);
  const given = new Given(tensors);
  let inner = colours;
  for (let n = 0; n < hintConvolutions; n += 1) {
    const name = `input_hint_block.${2 * n}`;
    const outer =
      n + 1 === hintConvolutions ? (skips[0] ?? 0) : (given.size(0, `${name}.weight`, `${name}.bias`) ?? 0);
    root.conv(name, inner, outer, 3);
    inner = outer;
  }
  for (const [k, skip] of skips.entries()) root.conv(`zero_convs.${k}.0`, skip, skip, 1);
  root.conv("middle_block_out.0", width, width, 1);
  return root.needed;
}
