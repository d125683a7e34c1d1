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

/** How far the two sides are apart at a level. */
type Found = Readonly<{ sigma: number; distance: Latent }>;

/** What was found at falling levels, the two newest, the newest first. */
type Course = readonly Found[];

/** A distance that was foretold, and the answer that it was foretold by. */
type Foretold = Found & Readonly<{ by: Found }>;

/**
 * The part of a foretold distance's error that the next answer makes up for. A step moves x by about as much as the one before, of
 * which the fall of the level takes a third away again; and samplers that look back take the error out once, by a half, by themselves.
 */
const madeUp = 0.5;

/**
 * Both sides of the guidance, the negative one not asked where its distance from the positive one would hardly be another than
 * last time. It is not the distance itself that stays, but {@link expected} parts of it. How far off that will be is taken from how
 * far it was off between the last two answers, in ln sigma (after Liu et al. 2024, "TeaCache", and Zhou et al. 2025, "EasyCache",
 * who do so with whole steps; that guidance changes least is from Lv et al. 2024, "FasterCache"). The positive side is
 * always asked, so that noise that a sampler adds is always taken out again.
 *
 * When the network is asked again it is known, by what was found before and after, what the distance was where it was foretold. What
 * x was moved too far by it is then taken back, in part ({@link madeUp}), by the answer: errors of several steps would add up otherwise.
 *
 * Samplers that ask several times a step need nothing of their own: what counts is the level. One that was asked about before is
 * asked about again, and one above the last begins anew, as when a sampler goes back up.
 */
export function holding({ positive, negative }: Sides, cache: StepCache): Sides {
  const { tolerance, weight, first, last, told } = cache;
  let course: Course = [];
  let owed: readonly Foretold[] = [];
  let [word, level] = ["", 0];
  let answer: Latent | undefined;
  const isHeld = (sigma: number, { data }: Latent): boolean => {
    if (sigma >= first || sigma <= last) return false;
    const size = meanSize(data) * (sigma / Math.hypot(1, sigma));
    return weight(sigma) * driftOf(course, sigma) <= tolerance * size;
  };
  return {
    positive: async (x, sigma) => {
      if (told(sigma) !== word || sigma > level) [course, owed] = [[], []];
      [word, level] = [told(sigma), sigma];
      answer = await positive(x, sigma);
      return answer;
    },
    negative: async (x, sigma) => {
      const [by] = course;
      if (answer !== undefined && by !== undefined && isHeld(sigma, answer)) {
        const distance = combine([expected(sigma) / expected(by.sigma), by.distance]);
        owed = [...owed, { sigma, distance, by }];
        return combine([1, answer], [-1, distance]);
      }
      const made = await negative(x, sigma);
      if (answer === undefined) return made;
      const found = { sigma, distance: combine([1, answer], [-1, made]) };
      const errors = owed.map((one) => errorOf(one, found));
      owed = [];
      // Of one level the newest answer counts.
      course = [found, ...course.filter((one) => one.sigma > sigma)].slice(0, 2);
      // The last answer is the picture itself.
      return sigma <= last ? made : combine([1, made], ...errors.map((one) => [madeUp, one] as const));
    },
  };
}

/**
 * What the distance of two estimates goes with as the noise falls: the level itself where there is little noise, so that what is
 * predicted keeps its distance, and its square where there is much, so that the pull towards one of them (the gradient of the
 * log-likelihood ratio, the distance by sigma squared) does. Measured: exponents of 1.0 below 0.6, 2 to 2.5 above 1.
 */
const expected = (sigma: number): number => sigma * Math.hypot(1, sigma);

/** What was foretold less what it was by the answers around it, of which each counts as it is nearer in ln sigma. */
function errorOf({ sigma, distance, by }: Foretold, found: Found): Latent {
  const way = Math.log(by.sigma / sigma) / Math.log(by.sigma / found.sigma);
  const parts = (one: Found, share: number) =>
    [(-share * expected(sigma)) / expected(one.sigma), one.distance] as const;
  return combine([1, distance], parts(by, 1 - way), parts(found, way));
}

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
