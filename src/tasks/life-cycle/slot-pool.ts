import type { Engine } from "#/engine/engine.ts";
import type { Log } from "#/lib/log.ts";
import type { Holding } from "./affinity.ts";

/** How a run leaves its slot: fit for the next one, or broken. */
export type SlotEnd = "idle" | "broken";

/** One life of an engine. It is lent to one run at a time; a broken one is dropped and never lent again. */
export type Slot = Readonly<{
  engine: Engine;
  /** The checkpoint of the last run that had one. */
  checkpoint: string | undefined;
}>;

/** What is open on an idle engine: nothing, where its networks were given back. */
export const openOn = ({ engine, checkpoint }: Slot): Holding => ({
  open: engine.state.loaded.length > 0 ? checkpoint : undefined,
});

/**
 * The engines, lent to one run each. An engine that broke comes back in a new slot once it is restored; the others do not
 * wait for it.
 */
export class SlotPool {
  readonly #engines: readonly Engine[];
  readonly #idle: Slot[];
  readonly #lent = new Set<Slot>();
  readonly #onIdle: () => void;

  /**
   * @param onIdle called whenever a slot can be lent again, or a new one has come
   * @param log    is told of an engine that could not be opened and can be again
   */
  constructor(engines: readonly Engine[], onIdle: () => void, log: Pick<Log, "info">) {
    this.#engines = engines;
    this.#idle = engines.map((engine) => ({ engine, checkpoint: undefined }));
    this.#onIdle = onIdle;
    for (const engine of engines) {
      let hadFailed = engine.state.state === "failed";
      engine.subscribe(({ state }) => {
        const isBack = hadFailed && state === "ready";
        hadFailed = state === "failed";
        if (!isBack) return;
        log.info("an engine that could not be opened can be used again", { engine: engine.name });
        onIdle();
      });
    }
  }

  /** Those that a run could begin on now, the one that has been idle longest first. */
  get idle(): readonly Slot[] {
    return this.#idle.filter(({ engine }) => !this.isOutOfUse(engine));
  }

  /**
   * Whether an engine could not be opened and another may do its work: given a task, it would fail it at once and be idle for the
   * next, until the queue is empty.
   */
  isOutOfUse(engine: Engine): boolean {
    return engine.state.state === "failed" && this.#engines.some(({ state }) => state.state !== "failed");
  }

  /** Those that work; each with the checkpoint of what runs on it. */
  get lent(): readonly Slot[] {
    return [...this.#lent];
  }

  /**
   * Lends an idle slot for as long as `work` takes, and has it begun when this returns.
   *
   * @param work       has the engine for itself; what it resolves to is how it leaves it. Work that throws leaves it broken.
   * @param checkpoint what the work opens; where it opens none, what is open stays so
   */
  lend(slot: Slot, work: (engine: Engine) => Promise<SlotEnd>, checkpoint = slot.checkpoint): void {
    this.#idle.splice(this.#idle.indexOf(slot), 1);
    const lent = { ...slot, checkpoint };
    this.#lent.add(lent);
    void this.#use(lent, work);
  }

  async #use(slot: Slot, work: (engine: Engine) => Promise<SlotEnd>): Promise<void> {
    let end: SlotEnd = "broken";
    try {
      end = await work(slot.engine);
    } finally {
      void this.#takeBack(slot, end);
    }
  }

  async #takeBack(slot: Slot, end: SlotEnd): Promise<void> {
    this.#lent.delete(slot);
    switch (end) {
      case "idle":
        return this.#add(slot);
      case "broken":
        await slot.engine.restored();
        return this.#add({ engine: slot.engine, checkpoint: undefined });
    }
  }

  #add(slot: Slot): void {
    this.#idle.push(slot);
    this.#onIdle();
  }
}
