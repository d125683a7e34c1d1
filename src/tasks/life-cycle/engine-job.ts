import type { Engine } from "#/engine/engine.ts";
import type { EngineEvent } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { Recipe } from "#/recipe/recipe.ts";

/**
 * A job on its way to the engine: its pictures are read first, and what is asked of it meanwhile is kept, since the engine
 * knows nothing of it yet.
 */
export class EngineJob {
  readonly #id: TaskId;
  readonly #engine: Engine;
  #isGiven = false;
  #asked: "skip" | "stop" | undefined;

  constructor(id: TaskId, engine: Engine) {
    this.#id = id;
    this.#engine = engine;
  }

  /** Asks for its end, or for the next image; a stop outlives a later skip. */
  control(action: "skip" | "stop"): void {
    if (this.#isGiven) this.#engine.control(this.#id, action);
    else if (this.#asked !== "stop") this.#asked = action;
  }

  /**
   * The engine's events, the last one `settled`. A recipe without pictures is the engine's at once.
   *
   * @param load reads the recipe's pictures
   * @throws what `load` throws; the engine was not asked for anything then
   */
  async *run(
    recipe: Recipe,
    load: () => Promise<readonly Pixmap[]>,
  ): AsyncGenerator<EngineEvent, void, undefined> {
    const inputs = recipe.inputs.length > 0 ? await load() : [];
    this.#isGiven = true;
    if (this.#asked === "stop")
      return yield { type: "settled", id: this.#id, outcome: { status: "stopped" } };
    for await (const event of this.#engine.run({ type: "generate", id: this.#id, recipe, inputs })) {
      if (this.#asked !== undefined) this.#engine.control(this.#id, this.#asked);
      this.#asked = undefined;
      yield event;
    }
  }
}
