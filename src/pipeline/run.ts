/** What a running job was asked to do: drop the image at hand, or end. */
export type Interrupt = "skip" | "stop";

/** Leaves the sampler's loop; caught once, in `generate`, never by a stage. */
export class Interruption extends Error {
  readonly action: Interrupt;

  constructor(action: Interrupt) {
    super(`interrupted: ${action}`);
    this.action = action;
  }
}

/**
 * What belongs to one job and dies with it: whether somebody wants it to stop. Native
 * runs cannot be interrupted, so stages ask `check` between them.
 */
export class Run {
  #pending: Interrupt | undefined;

  /** A stop outlives a later skip. */
  interrupt(action: Interrupt): void {
    if (this.#pending !== "stop") this.#pending = action;
  }

  /** @throws Interruption if the job was asked to stop; a skip waits for the image it is meant for. */
  checkStop(): void {
    if (this.#pending === "stop") throw new Interruption("stop");
  }

  /** @throws Interruption if the job was asked to skip or stop; a skip is thereby dealt with, a stop stays. */
  check(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    if (pending === "skip") this.#pending = undefined;
    throw new Interruption(pending);
  }
}
