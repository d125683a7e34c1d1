import { combine } from "../sampler.ts";
import { bilateralFilter } from "./bilateral.ts";
import type { Mix } from "./mix.ts";

/**
 * Fooocus' sharpness: before the branches are mixed, the positive residual is smoothed a little, ever more towards the
 * end, where the positive estimate is smooth.
 *
 * @param sharpness 0 to 30
 */
export function sharpened(sharpness: number, mix: Mix): Mix {
  return (residuals) => {
    const { positive, estimate, progress } = residuals;
    const alpha = 0.001 * sharpness * progress;
    if (alpha === 0) return mix(residuals);
    const smoothed = combine([alpha, bilateralFilter(positive, estimate)], [1 - alpha, positive]);
    return mix({ ...residuals, positive: smoothed });
  };
}
