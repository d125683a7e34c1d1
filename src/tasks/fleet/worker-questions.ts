import type { Engine } from "#/engine/engine.ts";
import type { ToolAnswer } from "#/engine/protocol.ts";
import type { ModelFile } from "#/fleet/jobs.ts";
import type { Questions, Reply, TakenQuestion } from "#/fleet/questions.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import type { SlotEnd } from "../life-cycle/slot-pool.ts";
import { type SlotWork, ToolRuns } from "../life-cycle/tool-runs.ts";
import { pictureOf, replyOf, replyOfError, tools } from "./question-wire.ts";

/** What a worker answers questions with. */
export type WorkerQuestionParts = Readonly<{
  questions: Pick<Questions, "next">;
  hasFiles: (needs: readonly ModelFile[]) => boolean;
  decoding: DecodeGate;
  /** Whether an engine could not be opened and another may answer. */
  isOutOfUse: (engine: Engine) => boolean;
  /** Called when a question waits that no engine could be opened for. */
  attend: () => void;
  log: Pick<Log, "debug">;
}>;

/** Questions about pictures as a worker answers them: one on each engine that is lent for it. */
export class WorkerQuestions {
  readonly #parts: WorkerQuestionParts;
  /** How many may wait is decided by engines: one is taken when one is idle. */
  readonly #runs = new ToolRuns(Number.POSITIVE_INFINITY);
  readonly #atHand = new Set<TakenQuestion>();

  constructor(parts: WorkerQuestionParts) {
    this.#parts = parts;
    // Not before who asks here has taken it for the engine that it has.
    this.#runs.onWaiting(() => queueMicrotask(() => parts.attend()));
  }

  /** How many it has. */
  get size(): number {
    return this.#atHand.size;
  }

  /**
   * Takes a question of the fleet.
   *
   * @param lend lends an engine to the work, or says that none is idle any more
   * @returns whether there was one, and an engine
   * @throws EngineError `fleet-unavailable`
   */
  async take(lend: (work: SlotWork) => boolean): Promise<boolean> {
    const { questions, hasFiles, isOutOfUse } = this.#parts;
    if (this.#runs.isWaiting)
      return lend(async (engine) => (await this.#runs.take(isOutOfUse)?.(engine)) ?? "idle");
    const taken = await questions.next(hasFiles);
    if (taken === undefined) return false;
    this.#atHand.add(taken);
    const isLent = lend((engine) => this.#work(taken, engine));
    if (!isLent) await this.#letGo(taken);
    return isLent;
  }

  /** Others are to answer what is at hand. */
  async letGo(): Promise<void> {
    await Promise.all([...this.#atHand].map((taken) => this.#letGo(taken)));
  }

  async #work(taken: TakenQuestion, engine: Engine): Promise<SlotEnd> {
    const work = await this.#begin(taken);
    return (await work?.(engine)) ?? "idle";
  }

  async #begin(taken: TakenQuestion): Promise<SlotWork | undefined> {
    const { decoding, isOutOfUse } = this.#parts;
    try {
      const tool = tools.read(taken.text);
      const picture = await pictureOf(await taken.picture(), decoding);
      void this.#answer(taken, this.#runs.ask(tool, picture, taken.over));
      return this.#runs.take(isOutOfUse);
    } catch (thrown) {
      this.#parts.log.debug("a question about a picture could not be taken", { error: String(thrown) });
      await this.#letGo(taken);
      return undefined;
    }
  }

  /** Never throws: whoever asks learns by the time that nobody answers. */
  async #answer(taken: TakenQuestion, asked: Promise<ToolAnswer>): Promise<void> {
    try {
      const reply: Reply = await asked.then(replyOf).catch(replyOfError);
      if (!taken.over.aborted) await taken.answer(reply);
    } catch (thrown) {
      this.#parts.log.debug("an answer could not be told", { error: String(thrown) });
    } finally {
      this.#atHand.delete(taken);
      this.#parts.attend();
    }
  }

  async #letGo(taken: TakenQuestion): Promise<void> {
    this.#atHand.delete(taken);
    await taken.letGo();
    this.#parts.attend();
  }
}
