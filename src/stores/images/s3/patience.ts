import { isPassing } from "./trouble.ts";

/** Milliseconds between one try and the next. */
export const pauses = {
  /** For what is worth much: a picture that was made, one that came with a request. */
  long: [250, 1000, 3000],
  /** For what somebody waits for. */
  short: [150, 500],
  none: [],
} as const;

/**
 * Does something again where it failed for a moment.
 *
 * @param between milliseconds before each further try
 * @param work    told how often it was tried before
 * @throws what the work throws that does not pass by itself, or that it throws at last
 */
export async function patiently<T>(
  between: readonly number[],
  work: (before: number) => Promise<T>,
): Promise<T> {
  for (let before = 0; ; before += 1) {
    try {
      return await work(before);
    } catch (thrown) {
      const pause = between[before];
      if (pause === undefined || !isPassing(thrown)) throw thrown;
      await Bun.sleep(pause);
    }
  }
}
