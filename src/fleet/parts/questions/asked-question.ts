import { EngineError } from "#/lib/errors.ts";
import type { Asking, Reply } from "../../questions.ts";
import { type Connection, pause } from "../../redis/connection.ts";
import { runScript } from "../../redis/script.ts";
import { piecesOf, readPieces, writePieces } from "./pieces.ts";
import type { QuestionKeys } from "./question-keys.ts";
import { lookScript, postScript } from "./scripts.ts";

/** For how long a question lies there that nobody renews, in milliseconds: that of a head that died. */
const lives = 15_000;

/** Milliseconds between two looks whether somebody could answer. */
const checkEvery = 1_000;

/** Workers that may be lost with a question. */
const mostLost = 2;

type Asked = Readonly<{ text: string; needs: string; picture: Uint8Array }>;

/** A question as its head sees it: asked, and looked after until it is answered. */
export class AskedQuestion {
  readonly #connection: Connection;
  readonly #keys: QuestionKeys;
  readonly #asked: Asked;
  readonly #asking: Asking;
  #lost = 0;

  constructor(connection: Connection, keys: QuestionKeys, asked: Asked, asking: Asking) {
    this.#connection = connection;
    this.#keys = keys;
    this.#asked = asked;
    this.#asking = asking;
  }

  /**
   * @param rhythm milliseconds until the next look
   * @throws as `Questions.ask`
   */
  async answer(rhythm: () => number): Promise<Reply> {
    const { signal, check, ring } = this.#asking;
    try {
      await this.#post();
      for (let checked = Date.now(); ; await pause(rhythm(), signal)) {
        if (signal.aborted) throw left();
        const [state, text, pieces] = await this.#look();
        switch (state) {
          case "answered":
            return await this.#read(text, Number(pieces));
          case "back":
            this.#countLost();
            ring();
            break;
          case "lost":
            // A Redis that came back empty.
            this.#countLost();
            await this.#post();
            break;
          case "waits":
            if (Date.now() - checked < checkEvery) break;
            checked = Date.now();
            check();
            break;
          case "taken":
            break;
        }
      }
    } finally {
      void this.#remove();
    }
  }

  async #post(): Promise<void> {
    const { id, question, line, picture } = this.#keys;
    const { signal, ring } = this.#asking;
    await writePieces(this.#connection, picture, this.#asked.picture, { milliseconds: lives, signal });
    const { text, needs } = this.#asked;
    const args = [id, text, needs, piecesOf(this.#asked.picture), lives];
    await this.#connection.ask((client) => runScript(client, postScript, [question, line, picture], args));
    ring();
  }

  async #look(): Promise<readonly [State, string, string]> {
    const { id, question, line, picture, file, lease } = this.#keys;
    const answer = await this.#connection.ask((client) =>
      runScript(client, lookScript, [question, line, picture, file, lease], [id, lives]),
    );
    const [said, text, pieces]: readonly unknown[] = Array.isArray(answer) ? answer : [];
    return [states.find((one) => one === said) ?? "lost", String(text), String(pieces)];
  }

  async #read(text: string, pieces: number): Promise<Reply> {
    if (pieces === 0) return { text };
    return { text, file: await readPieces(this.#connection, this.#keys.file, pieces) };
  }

  #countLost(): void {
    this.#lost += 1;
    if (this.#lost < mostLost) return;
    const message = `${mostLost} workers were lost while they were to answer this question about a picture; ask again, and look at their logs.`;
    throw new EngineError("worker-died", message);
  }

  /** Of what cannot be removed the time runs out. */
  async #remove(): Promise<void> {
    const { id, question, line, picture, file, lease } = this.#keys;
    if (!this.#connection.reachable) return;
    await this.#connection
      .ask((client) => client.multi().zrem(line, id).unlink(question, picture, file, lease).exec())
      .catch(() => undefined);
  }
}

const states = ["answered", "back", "lost", "waits", "taken"] as const;
type State = (typeof states)[number];

const left = (): EngineError => new EngineError("interrupted", "Nobody waits for the answer any more.");
