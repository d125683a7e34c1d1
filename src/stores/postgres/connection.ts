import { SQL } from "bun";
import { type BunSQLDatabase, drizzle } from "drizzle-orm/bun-sql";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Address } from "./address.ts";
import { LateAnswer, passes, postgresError } from "./failures.ts";

/** What a database and a transaction in it have in common. */
export type Statements = Pick<
  BunSQLDatabase,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "execute"
>;

/** Connections at once; whoever comes later waits for one. */
const mostConnections = 8;

/** Seconds that the making of a connection may take, and after which an idle one is closed. */
const connectSeconds = 5;
const idleSeconds = 300;

/** Milliseconds an answer may take; behind that the server, or the way to it, is taken for gone. */
const answerPatience = 20_000;

/** Milliseconds before each further try of what failed in passing: a connection that was lost is made anew at once. */
const pauses = [20, 100, 400];

/** Seconds that statements under way have when all is closed. */
const closingSeconds = 2;

/**
 * A pool of connections to one database. What is done by it is done again where a connection was lost in the middle: nobody knows
 * then whether it was written, so everything that is done must be such that twice is once.
 */
export class Connection {
  readonly address: Address;
  readonly #log: Log;
  readonly #answerWithin: number;
  #client: SQL;
  #db: BunSQLDatabase;
  #isLost = false;
  #isClosed = false;

  /**
   * @param answerWithin milliseconds
   * @throws EngineError `bad-setting` for parameters that the driver refuses
   */
  constructor(address: Address, log: Log, answerWithin = answerPatience) {
    this.address = address;
    this.#log = log;
    this.#answerWithin = answerWithin;
    this.#client = open(address);
    this.#db = drizzle(this.#client);
  }

  /** Reads. @throws EngineError of a store */
  read<T>(work: (db: Statements) => Promise<T>): Promise<T> {
    return this.#do("The history cannot be read", () => work(this.#db));
  }

  /** Writes what one statement does. @param what what it is, as the beginning of a sentence */
  write<T>(what: string, work: (db: Statements) => Promise<T>): Promise<T> {
    return this.#do(`${what} could not be written into the history`, () => work(this.#db));
  }

  /** Writes what several statements do: all of it or nothing. */
  transaction<T>(what: string, work: (db: Statements) => Promise<T>): Promise<T> {
    return this.#do(`${what} could not be written into the history`, () => this.#db.transaction(work));
  }

  /** The same for a time that nobody waits out: once, however long it takes. */
  async atLength<T>(said: string, work: (db: Statements) => Promise<T>): Promise<T> {
    try {
      return await this.#db.transaction(work);
    } catch (cause) {
      throw postgresError(this.address, said, cause);
    }
  }

  /** Does what several statements do, and takes all of it back. */
  async undone(said: string, work: (db: Statements) => Promise<void>): Promise<void> {
    const isDone = new Error("done");
    try {
      await this.#db.transaction(async (db) => {
        await work(db);
        throw isDone;
      });
    } catch (cause) {
      if (cause !== isDone) throw postgresError(this.address, said, cause);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#client.close({ timeout: closingSeconds });
  }

  async #do<T>(said: string, work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        const done = await this.#inTime(work);
        this.#found();
        return done;
      } catch (cause) {
        const pause = pauses[tries];
        const error = postgresError(this.address, said, cause);
        if (!passes(cause)) throw error;
        if (pause === undefined || this.#isClosed || cause instanceof LateAnswer) {
          this.#lost(error);
          throw error;
        }
        await Bun.sleep(pause);
      }
    }
  }

  /** A server that went away without a word keeps its connections open, and what was asked of it waits for a quarter of an hour. */
  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const client = this.#client;
    const working = work();
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new LateAnswer(`no answer within ${this.#answerWithin / 1000} seconds`));
        this.#replace(client);
      }, this.#answerWithin);
    });
    try {
      return await Promise.race([working, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #replace(client: SQL): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = open(this.address);
    this.#db = drizzle(this.#client);
    client.close({ timeout: 0 }).catch(() => undefined);
  }

  #lost(error: EngineError): void {
    if (this.#isLost || this.#isClosed) return;
    this.#isLost = true;
    this.#log.error("the history's Postgres cannot be used for now", {
      error: error.message,
      postgres: this.address.shown,
    });
  }

  #found(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    this.#log.info("the history's Postgres answers again");
  }
}

/** No statement is kept under a name: behind a pooler such as PgBouncer the next one may go over another connection. */
function open(address: Address): SQL {
  try {
    return new SQL(address.url, {
      max: mostConnections,
      connectionTimeout: connectSeconds,
      idleTimeout: idleSeconds,
      prepare: false,
    });
  } catch (cause) {
    const said = postgresError(address, "The setting history cannot be used", cause).message;
    throw new EngineError("bad-setting", said, { setting: "history" });
  }
}
