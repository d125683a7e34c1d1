import { combine, type Denoise, type Latent } from "../sampler.ts";

/** What decides which estimates are made and which are held. */
export type StepCache = Readonly<{
  /** How far what is held may be off, as a part of the estimate's own size. */
  tolerance: number;
  /** How often the distance of the two sides counts in the guided estimate: the guidance's scale less one, 0 without guidance. */
  weight: (sigma: number) => number;
  /** Levels from `first` up and from `last` down are always asked about: the first step and the last one. */
  first: number;
  last: number;
  /** A word for what the networks are told at a level besides latent and timestep: nothing is held beyond a change of it. */
  told: (sigma: number) => string;
}>;

/** The two sides of the guidance; the negative one is asked after the positive one, about the same latent. */
export type Sides = Readonly<{ positive: Denoise; negative: Denoise }>;

/** What was found at falling levels, the two newest, the newest first. */
type Course = readonly Readonly<{ sigma: number; value: Latent }>[];

/**
 * Both sides of the guidance, not asked where they would hardly answer otherwise than last time. What is held of the negative
 * side is its distance from the positive one, which changes least: so it is left out first, and steps without any network run are
 * fewer. How far something has moved since it was found is taken from how far it moved between its last two answers, in ln sigma;
 * as long as that is within the tolerance, the last answer is held (after Liu et al. 2024, "TeaCache", and Zhou et al. 2025,
 * "EasyCache", who do so with what a network gives; here with estimates of the clean latent, of which the noise that a
 * sampler adds is no part). Going on at the same pace instead was measured, and is worse where a sampler adds noise.
 *
 * Samplers that ask several times a step need nothing of their own: what counts is the level. One that was asked about before is
 * asked about again, and one above the last begins anew, as when a sampler goes back up.
 */
export function holding({ positive, negative }: Sides, cache: StepCache): Sides {
  const { tolerance, weight, first, last, told } = cache;
  const heard: Heard = { word: "", sigma: 0, answers: [], distances: [] };
  let now: Readonly<{ answer: Latent; isHeld: boolean }> | undefined;
  const isWithin = (drift: number): boolean => drift <= tolerance * sizeOf(heard.answers);
  const isFree = (sigma: number): boolean => sigma < first && sigma > last;
  return {
    positive: async (x, sigma) => {
      begin(heard, told(sigma), sigma);
      const [held] = heard.answers;
      const drift = driftOf(heard.answers, sigma) + weighed(weight(sigma), heard.distances, sigma);
      const isHeld = isFree(sigma) && held !== undefined && held.sigma > sigma && isWithin(drift);
      const answer = isHeld ? held.value : await positive(x, sigma);
      if (!isHeld) heard.answers = after(heard.answers, sigma, answer);
      now = { answer, isHeld };
      return answer;
    },
    negative: async (x, sigma) => {
      const [held] = heard.distances;
      const isHeld = now?.isHeld === true || isWithin(weighed(weight(sigma), heard.distances, sigma));
      if (now !== undefined && held !== undefined && isFree(sigma) && isHeld)
        return combine([1, now.answer], [-1, held.value]);
      const made = await negative(x, sigma);
      if (now !== undefined)
        heard.distances = after(heard.distances, sigma, combine([1, now.answer], [-1, made]));
      return made;
    },
  };
}

/** What was heard under one word, and the level of the last question. */
type Heard = { word: string; sigma: number; answers: Course; distances: Course };

/** Forgets what says nothing of the question at hand. */
function begin(heard: Heard, word: string, sigma: number): void {
  if (word !== heard.word || sigma > heard.sigma) [heard.answers, heard.distances] = [[], []];
  heard.word = word;
  heard.sigma = sigma;
}

/** Of one level the newest answer counts. */
const after = (course: Course, sigma: number, value: Latent): Course =>
  [{ sigma, value }, ...course.filter((one) => one.sigma > sigma)].slice(0, 2);

/** How far something has moved since it was found, by its pace before, a mean over its numbers; endless where that is not known. */
function driftOf([newest, older]: Course, sigma: number): number {
  if (newest === undefined || older === undefined) return Infinity;
  const way = Math.log(newest.sigma / sigma) / Math.log(older.sigma / newest.sigma);
  return way * meanSize(combine([1, newest.value], [-1, older.value]));
}

/** How far it has moved as it counts; nothing where it does not count, known or not. */
const weighed = (weight: number, course: Course, sigma: number): number =>
  weight === 0 ? 0 : weight * driftOf(course, sigma);

const sizeOf = ([newest]: Course): number => (newest === undefined ? 0 : meanSize(newest.value));

function meanSize({ data }: Latent): number {
  let sum = 0;
  for (const value of data) sum += Math.abs(value);
  return sum / data.length;
}
