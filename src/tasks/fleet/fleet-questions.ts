import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import type { ModelFile } from "#/fleet/jobs.ts";
import { mostQuestionBytes, type Questions } from "#/fleet/questions.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { EngineError, RequestError } from "#/lib/errors.ts";
import { inUnits } from "#/lib/in-units.ts";
import type { FleetMembers } from "./fleet-members.ts";
import { noWorkerAtAll, noWorkerWith } from "./no-worker.ts";
import { answerOf, pngOf, tools } from "./question-wire.ts";
import { type BytesOf, needsOfTool } from "./tool-needs.ts";

/** Bytes of pictures that one head has in Redis at once; one larger picture goes when it is alone. */
const mostInRedis = 256 * 1024 ** 2;

/** What a head asks with. */
export type FleetQuestionParts = Readonly<{
  questions: Questions;
  members: Pick<FleetMembers, "look" | "answering" | "ring">;
  bytes: BytesOf;
  /** Most questions that may wait. */
  limit: number;
}>;

/** Questions about pictures, where workers answer them: see `ToolRuns`, which has engines of its own. */
export class FleetQuestions {
  readonly #parts: FleetQuestionParts;
  readonly #room = new DecodeGate(mostInRedis);
  readonly #closed = new AbortController();
  #waiting = 0;

  constructor(parts: FleetQuestionParts) {
    this.#parts = parts;
  }

  /**
   * Asks the next worker that has the files and an idle engine.
   *
   * @throws RequestError `queue-full`, `too-large`; EngineError `no-worker` with the files, `worker-died`, `fleet-unavailable`,
   *   `interrupted` where nobody waits any more, or the server ends; AppError of the tool
   */
  async ask(tool: Tool, picture: Pixmap, signal: AbortSignal): Promise<ToolAnswer> {
    const { limit } = this.#parts;
    if (this.#waiting >= limit) {
      const message = `${limit} questions about pictures are waiting already; try again when some are answered.`;
      throw new RequestError("queue-full", message, { limit });
    }
    const gone = AbortSignal.any([signal, this.#closed.signal]);
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = (): void => reject(this.#ended());
    gone.addEventListener("abort", leave);
    this.#waiting += 1;
    try {
      if (gone.aborted) throw this.#ended();
      return await Promise.race([this.#ask(tool, picture, gone), left]);
    } finally {
      this.#waiting -= 1;
      gone.removeEventListener("abort", leave);
    }
  }

  /** Asks nothing more, and lets nobody wait. */
  close(): void {
    this.#closed.abort();
  }

  async #ask(tool: Tool, picture: Pixmap, signal: AbortSignal): Promise<ToolAnswer> {
    const { questions, members, bytes } = this.#parts;
    const needs = needsOfTool(tool, bytes);
    const check = (): void => this.#check(needs);
    await members.look();
    check();
    const png = await pngOf(picture);
    refuseTooLarge(png, picture);
    const question = { text: tools.write(tool), needs, picture: png };
    const ring = (): void => members.ring({ needs, checkpoint: "" });
    return await this.#room.run(png.length, async () => {
      if (signal.aborted) throw this.#ended();
      return await answerOf(await questions.ask(question, { signal, check, ring }));
    });
  }

  /** Nobody waits for a worker that may never come. */
  #check(needs: readonly ModelFile[]): void {
    const ability = this.#parts.members.answering(needs);
    switch (ability.can) {
      case "yes":
        return;
      case "no-worker":
        throw noWorkerAtAll(needs);
      case "no":
        throw noWorkerWith(ability.workers, ability.lacking);
    }
  }

  #ended(): EngineError {
    return new EngineError(
      "interrupted",
      this.#closed.signal.aborted
        ? "The server is shutting down; send the request again."
        : "Nobody waits for the answer any more.",
    );
  }
}

function refuseTooLarge({ length }: Uint8Array, { width, height }: Pixmap): void {
  if (length <= mostQuestionBytes) return;
  const message = `The image of ${width} x ${height} pixels has ${inUnits(length)} as a PNG, and a fleet takes questions about pictures of at most ${inUnits(mostQuestionBytes)}; send it smaller.`;
  throw new RequestError("too-large", message, { field: "image", limit: mostQuestionBytes });
}
