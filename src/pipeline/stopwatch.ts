import type { ImageFacts } from "#/engine/protocol.ts";

type Timings = ImageFacts["timings"];
type Part = keyof Timings;

/** Adds up the milliseconds each part of a job took, lap by lap: a lap ends with an image. */
export class Stopwatch {
  #sums: Record<Part, number> = { loading: 0, encoding: 0, denoising: 0, decoding: 0 };

  async time<T>(part: Part, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#sums[part] += performance.now() - start;
    }
  }

  /** The sums since the last lap, whole milliseconds; what was shared counts for the first image. */
  lap(): Timings {
    const { loading, encoding, denoising, decoding } = this.#sums;
    this.#sums = { loading: 0, encoding: 0, denoising: 0, decoding: 0 };
    return {
      loading: Math.round(loading),
      encoding: Math.round(encoding),
      denoising: Math.round(denoising),
      decoding: Math.round(decoding),
    };
  }
}
