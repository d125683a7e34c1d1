import { gate, ScriptedEngine } from "./scripted-engine.ts";

/** An engine that stands still in the second picture of a task until it is told to stop, or is let go on. */
export class StoppedEngine extends ScriptedEngine {
  readonly #begun: ReturnType<typeof gate>;
  readonly #on: ReturnType<typeof gate>;

  constructor() {
    const [begun, on] = [gate(), gate()];
    super({
      beforeStep: ({ image, step }) => {
        if (image !== 1 || step !== 2) return undefined;
        begun.open();
        return on.passed;
      },
    });
    this.#begun = begun;
    this.#on = on;
  }

  /** It stands. */
  get begun(): Promise<void> {
    return this.#begun.passed;
  }

  /** Lets it go on. */
  goOn(): void {
    this.#on.open();
  }

  override control(...said: Parameters<ScriptedEngine["control"]>): void {
    super.control(...said);
    this.#on.open();
  }
}
