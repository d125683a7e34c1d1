import { combine, type Denoise, type Latent } from "../sampler.ts";

/** What decides when the negative side is asked. */
export type StepCache = Readonly<{
  /** How far the guided estimate may be off: of what a network predicts, which is noise and picture in parts of one deviation. */
  tolerance: number;
  /** How often the distance of the two sides counts in the guided estimate: the guidance's scale less one, 0 without guidance. */
  weight: (sigma: number) => number;
  /** At levels from `first` up and from `last` down it is always asked: in the first step and the last one. */
  first: number;
  last: number;
  /** A word for what the networks are told at a level besides latent and timestep: nothing is held beyond a change of it. */
  told: (sigma: number) => string;
}>;

/** The two sides of the guidance; the negative one is asked after the positive one, about the same latent. */
export type Sides = Readonly<{ positive: Denoise; negative: Denoise }>;

/** How far the two sides were apart at falling levels, the two newest, the newest first. */
type Course = readonly Readonly<{ sigma: number; distance: Latent }>[];

/**
 * Both sides of the guidance, the negative one not asked where its distance from the positive one would hardly be another than
 * last time. It is not the distance itself that stays, but {@link expected} parts of it. How far off that will be is taken from how
 * far it was off between the last two answers, in ln sigma (after Liu et al. 2024, "TeaCache", and Zhou et al. 2025, "EasyCache",
 * who do so with whole steps; that guidance changes least is from Lv et al. 2024, "FasterCache"). The positive side is
 * always asked, so that noise that a sampler adds is always taken out again.
 *
 * Samplers that ask several times a step need nothing of their own: what counts is the level. One that was asked about before is
 * asked about again, and one above the last begins anew, as when a sampler goes back up.
 */
export function holding({ positive, negative }: Sides, cache: StepCache): Sides {
  const { tolerance, weight, first, last, told } = cache;
  let course: Course = [];
  let [word, level] = ["", 0];
  let answer: Latent | undefined;
  const isHeld = (sigma: number, { data }: Latent): boolean => {
    if (sigma >= first || sigma <= last) return false;
    const size = meanSize(data) * (sigma / Math.hypot(1, sigma));
    return weight(sigma) * driftOf(course, sigma) <= tolerance * size;
  };
  return {
    positive: async (x, sigma) => {
      if (told(sigma) !== word || sigma > level) course = [];
      [word, level] = [told(sigma), sigma];
      answer = await positive(x, sigma);
      return answer;
    },
    negative: async (x, sigma) => {
      const [held] = course;
      if (answer !== undefined && held !== undefined && isHeld(sigma, answer))
        return combine([1, answer], [-expected(sigma) / expected(held.sigma), held.distance]);
      const made = await negative(x, sigma);
      if (answer !== undefined) {
        const found = { sigma, distance: combine([1, answer], [-1, made]) };
        // Of one level the newest answer counts.
        course = [found, ...course.filter((one) => one.sigma > sigma)].slice(0, 2);
      }
      return made;
    },
  };
}

/**
 * What the distance of two estimates goes with as the noise falls: the level itself where there is little noise, so that what is
 * predicted keeps its distance, and its square where there is much, so that the pull towards one of them (the gradient of the
 * log-likelihood ratio, the distance by sigma squared) does. Measured: exponents of 1.0 below 0.6, 2 to 2.5 above 1.
 */
const expected = (sigma: number): number => sigma * Math.hypot(1, sigma);

/** How far the distance will be off, a mean over its numbers; endless where there are no two to tell it by. */
function driftOf([newest, older]: Course, sigma: number): number {
  if (newest === undefined || older === undefined || sigma >= newest.sigma) return Infinity;
  const way = Math.log(newest.sigma / sigma) / Math.log(older.sigma / newest.sigma);
  const parts = expected(newest.sigma) / expected(older.sigma);
  return way * meanSize(combine([1, newest.distance], [-parts, older.distance]).data);
}

function meanSize(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += Math.abs(value);
  return sum / data.length;
}
