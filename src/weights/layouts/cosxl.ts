import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { readWeights } from "../read-weights.ts";
import type { WeightFile } from "../weight-file.ts";

/** CosXL's marks, and the ends of the noise levels that it was trained at: other ones are another model's. */
const ends = { "edm_vpred.sigma_max": 120, "edm_vpred.sigma_min": 0.002 } as const;

/**
 * The mark by which a file is known to predict v at EDM's levels.
 *
 * @returns its name; undefined where there is none
 * @throws ModelError `layout-unsupported` where the levels are others than CosXL's
 */
export function cosxlMark({ path, tensors }: WeightFile): string | undefined {
  const found = Object.entries(ends).flatMap(([key, expected]) => {
    const ref = tensors.get(key);
    return ref === undefined ? [] : [{ key, ref, expected }];
  });
  const single = found.filter(({ ref }) => ref.shape.every((n) => n === 1));
  const values = readWeights(single.map(({ ref }) => ref));
  for (const { key, ref, expected } of found) {
    const value = values.get(ref)?.[0] ?? Number.NaN;
    if (Math.abs(value / expected - 1) < tolerance) continue;
    const message = `${basename(path)} says that it predicts v at noise levels of its own (tensor ${key}), which are not CosXL's ${ends["edm_vpred.sigma_min"]} to ${ends["edm_vpred.sigma_max"]}; that is not supported.`;
    throw new ModelError("layout-unsupported", message, { path, key });
  }
  return found[0]?.key;
}

/** Half precision keeps 0.002 to a two thousandth. */
const tolerance = 0.01;
