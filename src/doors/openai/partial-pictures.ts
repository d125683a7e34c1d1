/**
 * Steps after which a picture that is being drawn is shown: spread evenly, each another one, and none of them the last, after
 * which the picture itself comes.
 */
export function partialSteps(steps: number, count: number): readonly number[] {
  const shown = Math.max(0, Math.min(count, steps - 1));
  return Array.from({ length: shown }, (_, at) => Math.round(((at + 1) * steps) / (shown + 1)));
}

/** Which of the previews of a task are shown. */
export class PartialPictures {
  readonly #count: number;
  #image = -1;
  #shown = 0;
  #passed = 0;

  /** @param count of each picture */
  constructor(count: number) {
    this.#count = count;
  }

  /** @returns the number of the partial picture that a preview is, from 0; undefined where it is none */
  due(image: number, step: number, steps: number): number | undefined {
    if (image !== this.#image) [this.#image, this.#shown, this.#passed] = [image, 0, 0];
    const passed = partialSteps(steps, this.#count).filter((at) => at <= step).length;
    // A step whose preview nobody saw gives way to the next one.
    if (step >= steps || passed <= this.#passed) return undefined;
    this.#passed = passed;
    this.#shown += 1;
    return this.#shown - 1;
  }
}
