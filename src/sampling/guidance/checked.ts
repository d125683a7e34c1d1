import type { Denoise } from "../sampler.ts";

/**
 * An estimate that is not begun when `check` throws: how a run is left between two of its network runs, which themselves
 * cannot be interrupted.
 */
export function checkedBefore(check: () => void, estimate: Denoise): Denoise {
  return async (x, sigma) => {
    check();
    return await estimate(x, sigma);
  };
}
