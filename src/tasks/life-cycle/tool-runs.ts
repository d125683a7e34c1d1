import type { Engine } from "#/engine/engine.ts";
import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError, EngineError, errorOf, RequestError } from "#/lib/errors.ts";
import { newTaskId, type TaskId } from "#/lib/task-id.ts";
import { slotAfter } from "./slot-after.ts";
import type { SlotEnd } from "./slot-pool.ts";

/** A question that waits for an engine, or is with one. */
type Asked = Readonly<{
  id: TaskId;
  tool: Tool;
  picture: Pixmap;
  signal: AbortSignal;
  answer: PromiseWithResolvers<ToolAnswer>;
}>;

/** Work for a slot, as {@link SlotPool} takes it. */
export type SlotWork = (engine: Engine) => Promise<SlotEnd>;

type IsOutOfUse = (engine: Engine) => boolean;

/**
 * Questions about pictures. They are no tasks: nothing of them is kept, and whoever asks waits for the answer; one who does so no
 * longer (`signal`) takes the question with it. The runner of tasks lends them an engine.
 */
export class ToolRuns {
  readonly #limit: number;
  readonly #waiting: Asked[] = [];
  #attend: () => void = () => undefined;
  #closed = false;

  /** @param limit most questions that may wait */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Calls `attend` whenever something waits. */
  onWaiting(attend: () => void): void {
    this.#attend = attend;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Asks the next engine that is free.
   *
   * @throws RequestError `queue-full`; EngineError `interrupted` where nobody waits any more, or the server ends; AppError of the
   *   tool
   */
  async ask(tool: Tool, picture: Pixmap, signal: AbortSignal): Promise<ToolAnswer> {
    if (this.#closed) throw ended("The server is shutting down; send the request again.");
    if (this.#waiting.length >= this.#limit) {
      const message = `${this.#limit} questions about pictures are waiting already; try again when some are answered.`;
      throw new RequestError("queue-full", message, { limit: this.#limit });
    }
    const asked: Asked = { id: newTaskId(), tool, picture, signal, answer: Promise.withResolvers() };
    const leave = (): void => this.#leave(asked);
    signal.addEventListener("abort", leave);
    this.#waiting.push(asked);
    if (signal.aborted) leave();
    this.#attend();
    try {
      return await asked.answer.promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /**
   * The work of the question that waits longest.
   *
   * @param isOutOfUse whether an engine could not be opened and another may answer: the question waits for that one then
   */
  take(isOutOfUse: IsOutOfUse = () => false): SlotWork | undefined {
    const asked = this.#waiting.shift();
    return asked === undefined ? undefined : (engine) => this.#answer(asked, engine, isOutOfUse);
  }

  /** Takes nothing more, and lets nobody wait. Those with an engine are answered, or their engine is closed. */
  close(): void {
    this.#closed = true;
    for (const asked of this.#waiting.splice(0))
      asked.answer.reject(ended("The server is shutting down; send the request again."));
  }

  /** A network's run cannot be interrupted: the engine hears of it after that, and nobody waits for it. */
  #leave(asked: Asked): void {
    const place = this.#waiting.indexOf(asked);
    if (place >= 0) this.#waiting.splice(place, 1);
    asked.answer.reject(ended("Nobody waits for the answer any more."));
  }

  async #answer(asked: Asked, engine: Engine, isOutOfUse: IsOutOfUse): Promise<SlotEnd> {
    const { id, tool, picture, signal, answer } = asked;
    const stop = (): void => engine.control(id, "stop");
    signal.addEventListener("abort", stop);
    let isOver = true;
    try {
      for await (const event of engine.run({ type: "tool", id, tool, picture })) {
        if (event.type === "answer") answer.resolve(event.answer);
        if (event.type !== "settled") continue;
        if (event.outcome.status === "failed") {
          isOver = signal.aborted || this.#closed || !isOutOfUse(engine);
          if (isOver) answer.reject(errorOf(event.outcome.error));
          return slotAfter(event.outcome.error, engine);
        }
        answer.reject(ended("The engine was asked to stop."));
      }
      return "idle";
    } catch (thrown) {
      answer.reject(thrown);
      return "broken";
    } finally {
      signal.removeEventListener("abort", stop);
      if (isOver) answer.reject(new BugError("The engine ended a question without an answer."));
      else this.#askAnother(asked);
    }
  }

  #askAnother(asked: Asked): void {
    this.#waiting.unshift(asked);
    this.#attend();
  }
}

const ended = (message: string): EngineError => new EngineError("interrupted", message);
