/** Counts the runs of denoising networks, lap by lap: a lap ends with an image. */
export class NetworkRuns {
  #made = 0;
  #asked = 0;

  /** Estimates were asked for that would be so many runs, parts of one too. */
  ask(runs: number): void {
    this.#asked += runs;
  }

  /** A network ran, for so many estimates: both sides of the guidance may be asked in one run. */
  make(estimates = 1): void {
    this.#made += estimates;
  }

  /** Since the last lap: how many there were, and how many more there would have been. */
  lap(): Readonly<{ made: number; saved: number }> {
    const [made, saved] = [this.#made, Math.round(this.#asked) - this.#made];
    this.#made = 0;
    this.#asked = 0;
    return { made, saved };
  }
}
