import type { Engine } from "#/engine/engine.ts";
import type { JobOutline, Report } from "./job-outline.ts";

/** How long decoding takes on an engine, as far as it has decoded since this process began. */
export class DecodingPace {
  #perPixel: number | undefined;

  /** A picture was decoded. */
  took(milliseconds: number, pixels: number): void {
    if (pixels > 0) this.#perPixel = milliseconds / pixels;
  }

  /** Milliseconds that a picture will take; nothing while none was decoded. */
  expected(pixels: number): number | undefined {
    return this.#perPixel === undefined ? undefined : this.#perPixel * pixels;
  }
}

/** The pace of each engine. */
export class DecodingPaces {
  readonly #known = new WeakMap<Engine, DecodingPace>();

  of(engine: Engine): DecodingPace {
    const pace = this.#known.get(engine) ?? new DecodingPace();
    this.#known.set(engine, pace);
    return pace;
  }
}

/** Steps after which their pace is honest. */
const enough = 2;

/** How many images are denoised, and how many steps there are from one of them to the end. */
type Work = Readonly<{ images: number; stepsFrom: (image: number) => number }>;

/** Images are denoised first, then passes over each of them; the latter count as images here. */
function workOf({ images, steps, enhance = { pictures: 0, passes: [] } }: JobOutline): Work {
  const passes = Array.from({ length: enhance.pictures }, () => enhance.passes.map((pass) => pass.steps));
  const all = [...Array.from({ length: images }, () => steps), ...passes.flat()];
  return { images: all.length, stepsFrom: (image) => all.slice(image).reduce((sum, one) => sum + one, 0) };
}

/** Time to the end of a run, from what was seen: the pace of its steps, and how long decoding took before. */
export class TimeLeft {
  readonly #work: Work;
  readonly #decoding: () => number | undefined;
  #walkedFor = 0;
  #walked = 0;
  #last: Readonly<{ image: number; step: number; at: number }> | undefined;
  #decodingSince: Readonly<{ image: number; at: number }> | undefined;

  /** @param decoding milliseconds that a picture's decoding takes, if any was decoded before */
  constructor(outline: JobOutline, decoding: () => number | undefined) {
    this.#work = workOf(outline);
    this.#decoding = decoding;
  }

  /** Milliseconds to the end; null where nobody can know. `now` is that of a report, in order. */
  at({ stage, image: at, item: image = at, step }: Report, now: number): number | null {
    const { images, stepsFrom } = this.#work;
    const decoding = this.#decoding();
    if (stage === "decoding") {
      if (this.#decodingSince?.image !== image) this.#decodingSince = { image, at: now };
      if (decoding === undefined) return null;
      const begun = Math.max(0, decoding - (now - this.#decodingSince.at));
      const others = images - image - 1;
      return others === 0 ? Math.round(begun) : this.#sum(stepsFrom(image + 1), begun + others * decoding);
    }
    if (stage !== "denoising" || step === 0) return null;
    this.#walk(image, step, now);
    const left = stepsFrom(image) - step;
    // What comes after the last step takes as long as several.
    if (left === 0 && decoding === undefined) return null;
    return this.#sum(left, (images - image) * (decoding ?? 0));
  }

  #walk(image: number, step: number, now: number): void {
    const last = this.#last;
    if (last?.image === image && step > last.step) {
      this.#walkedFor += now - last.at;
      this.#walked += step - last.step;
    }
    this.#last = { image, step, at: now };
  }

  #sum(steps: number, more: number): number | null {
    if (this.#walked < enough) return null;
    return Math.max(0, Math.round((this.#walkedFor / this.#walked) * steps + more));
  }
}
