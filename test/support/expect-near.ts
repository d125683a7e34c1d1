import { expect } from "bun:test";
import { basename } from "node:path";
import type { Tensor } from "#/tensor/tensor.ts";
import { type Compared, elsewhere, note } from "./elsewhere.ts";
import { goldenKey, relativeError } from "./golden.ts";

/** The line of the test that asked: `told-texts.test.ts:55`. */
function place(): string {
  const line = new Error().stack?.split("\n").find((one) => one.includes(".test.ts"));
  return /([^/]+\.test\.ts:\d+)/.exec(line ?? "")?.[1] ?? basename(import.meta.path);
}

/** Writes down what was found on another device. */
function tell(off: number, key: string | undefined, compared: Pick<Compared, "bound" | "unit">): void {
  if (elsewhere === undefined) return;
  const at = place();
  note(elsewhere, { key: key ?? at, at, off: Number.isFinite(off) ? off : null, ...compared });
}

/**
 * Holds an answer to the reference's: largest difference, relative to the largest value, below the tolerance. On another device it is
 * written down instead; see {@link elsewhere}.
 *
 * @param key the reference's name, where `expected` is a part of a golden tensor
 */
export function expectNear(
  found: Tensor,
  expected: Tensor,
  tolerance: number,
  key = goldenKey(expected),
): void {
  const error = relativeError(found, expected);
  if (elsewhere === undefined) expect(error).toBeLessThan(tolerance);
  else tell(error, key, { bound: tolerance, unit: "part" });
}

/** Holds the worst of a picture's values to so many levels of the reference's, in the same way. */
export function expectLevels(worst: number, most: number, key: string): void {
  if (elsewhere === undefined) expect(worst).toBeLessThanOrEqual(most);
  else tell(worst, key, { bound: most, unit: "levels" });
}
