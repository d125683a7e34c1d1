const { fround, log, exp } = Math;

/** lambda = -ln sigma, the time of DPM-Solver (Lu et al. 2022, in sigma's terms). In float32, as the reference has it. */
export const lambdaOf = (sigma: number): number => -fround(log(sigma));

/** The level at a lambda, in float32: a level that went both ways is now and then off by its last bit. */
export const sigmaOf = (lambda: number): number => fround(exp(-lambda));

/** The lambda at a part of the way between two, in float32. */
export const lambdaBetween = (from: number, to: number, part: number): number =>
  fround(from + fround(fround(to - from) * part));
