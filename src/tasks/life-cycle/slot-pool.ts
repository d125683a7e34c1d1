import type { Engine } from "#/engine/engine.ts";

/** How a run leaves its slot: fit for the next one, or broken. */
export type SlotEnd = "idle" | "broken";

/** One life of an engine. It is lent to one run at a time; a broken one is dropped and never lent again. */
type Slot = Readonly<{ engine: Engine }>;

/**
 * The engines, lent to one run each. An engine that broke comes back in a new slot once it is restored; the others do not
 * wait for it. Which idle slot a task gets is chosen in one place: the one that has been idle longest.
 */
export class SlotPool {
  readonly #idle: Slot[];
  readonly #onIdle: () => void;

  /** @param onIdle called whenever a slot can be lent again, or a new one has come */
  constructor(engines: readonly Engine[], onIdle: () => void) {
    this.#idle = engines.map((engine) => ({ engine }));
    this.#onIdle = onIdle;
  }

  /** Whether a run could begin now. */
  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /**
   * Lends a slot for as long as `work` takes, and has it begun when this returns.
   *
   * @param work has the engine for itself; what it resolves to is how it leaves it. Work that throws leaves it broken.
   * @returns whether a slot was idle; if not, nothing was begun
   */
  use(work: (engine: Engine) => Promise<SlotEnd>): boolean {
    const slot = this.#idle.shift();
    if (slot === undefined) return false;
    void this.#lend(slot, work);
    return true;
  }

  async #lend(slot: Slot, work: (engine: Engine) => Promise<SlotEnd>): Promise<void> {
    let end: SlotEnd = "broken";
    try {
      end = await work(slot.engine);
    } finally {
      void this.#takeBack(slot, end);
    }
  }

  async #takeBack(slot: Slot, end: SlotEnd): Promise<void> {
    switch (end) {
      case "idle":
        return this.#add(slot);
      case "broken":
        await slot.engine.restored();
        return this.#add({ engine: slot.engine });
    }
  }

  #add(slot: Slot): void {
    this.#idle.push(slot);
    this.#onIdle();
  }
}
