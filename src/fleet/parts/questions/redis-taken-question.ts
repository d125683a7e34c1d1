import type { Reply, TakenQuestion } from "../../questions.ts";
import { type Connection, pause } from "../../redis/connection.ts";
import { runScript } from "../../redis/script.ts";
import { piecesOf, readPieces, writePieces } from "./pieces.ts";
import type { QuestionKeys } from "./question-keys.ts";
import { letGoScript, renewScript, replyScript } from "./scripts.ts";

/** How often it is looked whether somebody waits still, in milliseconds. */
const rhythm = 1_000;

/** A question as the worker sees it that took it. */
export class RedisTakenQuestion implements TakenQuestion {
  readonly text: string;
  readonly #connection: Connection;
  readonly #keys: QuestionKeys;
  readonly #pieces: number;
  readonly #lease: Readonly<{ milliseconds: number; word: string }>;
  readonly #over = new AbortController();
  /** It needs no renewal any more. */
  readonly #ended = new AbortController();

  constructor(
    connection: Connection,
    keys: QuestionKeys,
    { text, pieces }: Readonly<{ text: string; pieces: number }>,
    lease: Readonly<{ milliseconds: number; word: string }>,
  ) {
    this.text = text;
    this.#connection = connection;
    this.#keys = keys;
    this.#pieces = pieces;
    this.#lease = lease;
    void this.#keep();
  }

  get over(): AbortSignal {
    return this.#over.signal;
  }

  picture(): Promise<Uint8Array> {
    return readPieces(this.#connection, this.#keys.picture, this.#pieces);
  }

  async answer({ text, file = new Uint8Array(0) }: Reply): Promise<void> {
    const { milliseconds, word } = this.#lease;
    const { question, lease, file: key } = this.#keys;
    try {
      // Its head keeps it there as long as it waits.
      await writePieces(this.#connection, key, file, { milliseconds, signal: this.over });
      await this.#connection.ask((client) =>
        runScript(client, replyScript, [question, lease], [word, text, piecesOf(file)]),
      );
    } finally {
      this.#ended.abort();
    }
  }

  async letGo(): Promise<void> {
    this.#ended.abort();
    this.#over.abort();
    if (!this.#connection.reachable) return;
    const { id, question, line, lease } = this.#keys;
    await this.#connection
      .ask((client) => runScript(client, letGoScript, [question, line, lease], [id, this.#lease.word]))
      .catch(() => undefined);
  }

  async #keep(): Promise<void> {
    const over = AbortSignal.any([this.#ended.signal, this.over, this.#connection.closed]);
    const { question, lease } = this.#keys;
    const { word, milliseconds } = this.#lease;
    for (;;) {
      await pause(rhythm, over);
      if (over.aborted) return;
      const isMine = await this.#connection
        .ask((client) => runScript(client, renewScript, [question, lease], [word, milliseconds]))
        .catch(() => 1);
      if (isMine === 0) this.#over.abort();
    }
  }
}
