import type { ModelFile } from "../../jobs.ts";
import type { Asking, Question, Questions, Reply, TakenQuestion } from "../../questions.ts";
import type { Connection } from "../../redis/connection.ts";
import type { FleetKeys } from "../../redis/keys.ts";
import { runScript } from "../../redis/script.ts";
import { wireOf } from "../../wire.ts";
import { AskedQuestion } from "./asked-question.ts";
import { questionKeys } from "./question-keys.ts";
import { RedisTakenQuestion } from "./redis-taken-question.ts";
import { takeScript, waitingScript } from "./scripts.ts";

const files = wireOf<readonly ModelFile[]>();

/** Milliseconds after which a worker that says nothing has lost a question. */
export const questionLease = 10_000;

/** How many waiting questions a worker looks through. */
const looked = 200;

/** Who asks, and who answers. */
export class RedisQuestions implements Questions {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #recipeVersion: number;
  #asking = 0;

  constructor(connection: Connection, keys: FleetKeys, recipeVersion: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.#recipeVersion = recipeVersion;
  }

  async ask(question: Question, asking: Asking): Promise<Reply> {
    this.#asking += 1;
    try {
      const keys = questionKeys(this.#keys, this.#recipeVersion, crypto.randomUUID());
      const needs = files.write(question.needs);
      return await new AskedQuestion(this.#connection, keys, { ...question, needs }, asking).answer(
        () => 100 + 10 * this.#asking,
      );
    } finally {
      this.#asking -= 1;
    }
  }

  async next(can: (needs: readonly ModelFile[]) => boolean): Promise<TakenQuestion | undefined> {
    for (const { id, needs } of await this.#waiting()) {
      if (!can(files.read(needs))) continue;
      const keys = questionKeys(this.#keys, this.#recipeVersion, id);
      const word = crypto.randomUUID();
      const taken = await this.#connection.ask(
        (client) =>
          runScript(client, takeScript, [keys.question, keys.line, keys.lease], [id, word, questionLease]),
        false,
      );
      const [text, pieces] = textsOf(taken);
      if (text === undefined) continue;
      const lease = { milliseconds: questionLease, word };
      return new RedisTakenQuestion(this.#connection, keys, { text, pieces: Number(pieces) }, lease);
    }
    return undefined;
  }

  async #waiting(): Promise<readonly Readonly<{ id: string; needs: string }>[]> {
    const line = this.#keys.questions(this.#recipeVersion);
    const found = textsOf(
      await this.#connection.ask((client) =>
        runScript(client, waitingScript, [line], [this.#keys.question(""), looked]),
      ),
    );
    return Array.from({ length: Math.floor(found.length / 2) }, (_, i) => ({
      id: found[2 * i] ?? "",
      needs: found[2 * i + 1] ?? "",
    }));
  }
}

/** An answer of a script that is a list of texts. */
const textsOf = (answer: unknown): readonly string[] =>
  Array.isArray(answer) ? answer.filter((one) => typeof one === "string") : [];
