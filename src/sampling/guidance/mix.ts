import { combine, type Latent } from "../sampler.ts";

/** What both branches say at one place of the run. A residual is x minus the estimate: sigma times eps. */
export type Residuals = Readonly<{
  positive: Latent;
  negative: Latent;
  /** The positive branch's estimate itself. */
  estimate: Latent;
  /** 0 at the highest noise level, 1 at the lowest. */
  progress: number;
}>;

/** Makes one residual of the two branches'. */
export type Mix = (residuals: Residuals) => Latent;

/** Classifier-free guidance (Ho & Salimans 2022): from the negative residual `scale` times the way to the positive one. */
export const classifierFree =
  (scale: number): Mix =>
  ({ positive, negative }) =>
    combine([scale, positive], [1 - scale, negative]);

/** One way of mixing at the end of the run, another one at its start, and both in proportion between. */
export const gradual =
  (late: Mix, early: Mix): Mix =>
  (residuals) => {
    const { progress } = residuals;
    return combine([progress, late(residuals)], [1 - progress, early(residuals)]);
  };
