import { Redis, type RedisOptions } from "ioredis";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { FleetTrouble } from "../fleet.ts";
import type { RedisAddress } from "./address.ts";
import { isFull, isPassing, reasonOf } from "./trouble.ts";

/** How long somebody waits for an answer, in milliseconds. */
const patience = 10_000;
const beat = 2_000;
/** An answer to a PING that takes longer than this never comes: the other side hangs, or the way there is cut. */
const deaf = 5_000;

/**
 * What all of our connections have in common. Nothing is sent later than it was asked for, and nothing twice: who asks decides
 * whether to ask again.
 */
export const connectionOptions = {
  protocol: 2,
  lazyConnect: true,
  enableOfflineQueue: false,
  // What was on its way when a connection was lost fails at once. With autoResendUnfulfilledCommands false it would never end.
  maxRetriesPerRequest: 0,
  connectTimeout: 5_000,
  // A way that was cut while a connection was opened: nobody else would notice.
  socketTimeout: 15_000,
  keepAlive: 10_000,
  disableClientInfo: true,
  retryStrategy: (times: number) => Math.min(100 * 2 ** Math.min(times, 5), 2_000),
  reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
} as const satisfies RedisOptions;

/** A Redis that may be gone for a while: what is asked of it waits, and goes on. */
export class Connection {
  readonly address: RedisAddress;
  readonly client: Redis;
  readonly #log: Log;
  readonly #listeners = new Set<(state: FleetTrouble) => void>();
  readonly #closed = new AbortController();
  /** Who waits until it can be reached, or is closed: one listener is for all, however many ask while it is away. */
  readonly #waiting = new Set<() => void>();
  readonly #heart: ReturnType<typeof setInterval>;
  #reachable = true;
  /** Since when it can be reached, milliseconds since 1970. */
  #since = Date.now();
  #lastError = "the connection was closed";

  private constructor(address: RedisAddress, log: Log) {
    this.address = address;
    this.#log = log;
    this.client = new Redis(address.url, connectionOptions);
    this.client.on("error", (error) => {
      this.#lastError = reasonOf(error);
    });
    this.client.on("close", () => this.#tell(false));
    this.client.on("ready", () => {
      this.#goOn();
      this.#tell(true);
    });
    this.#heart = setInterval(() => void this.#ping(), beat);
    this.#heart.unref();
  }

  static async open(address: RedisAddress, log: Log): Promise<Connection> {
    const connection = new Connection(address, log);
    await connection.client.connect();
    return connection;
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  get reachableSince(): number {
    return this.#since;
  }

  /** Aborted when this is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  onTrouble(listener: (state: FleetTrouble) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * For somebody who waits.
   *
   * @param again it may be done twice: when it is not known whether it was done, it is done again
   * @throws EngineError `fleet-unavailable` after ten seconds at the latest
   */
  async ask<T>(work: (client: Redis) => Promise<T>, again = true): Promise<T> {
    const until = Date.now() + patience;
    for (;;) {
      await this.ready(until - Date.now());
      try {
        return await this.#within(work(this.client), until - Date.now());
      } catch (thrown) {
        if (thrown instanceof EngineError) throw thrown;
        // Its socket may not be gone yet: asked again it would refuse at once, again and again.
        if (this.closed.aborted) throw this.#unavailable("it was left");
        if (isFull(thrown) || !isPassing(thrown) || !again) throw this.#unavailable(thrown);
      }
      await pause(100, this.closed);
    }
  }

  /** For what must come about: tries until it does. @returns nothing when this was closed before */
  async insist<T>(work: (client: Redis) => Promise<T>): Promise<T | undefined> {
    while (!this.closed.aborted) {
      try {
        await this.ready(undefined);
        return await work(this.client);
      } catch (thrown) {
        if (this.closed.aborted) break;
        if (!isPassing(thrown)) this.#log.error("the fleet's Redis refuses", { reason: reasonOf(thrown) });
        await pause(isPassing(thrown) && !isFull(thrown) ? 100 : 1_000, this.closed);
      }
    }
    return undefined;
  }

  /** @throws EngineError `fleet-unavailable` when it is not back within so many milliseconds */
  async ready(milliseconds: number | undefined): Promise<void> {
    if (this.closed.aborted) throw this.#unavailable("it was left");
    if (this.client.status === "ready") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await (milliseconds === undefined ? promise : this.#within(promise, milliseconds));
    } finally {
      this.#waiting.delete(resolve);
    }
    if (this.closed.aborted) throw this.#unavailable("it was left");
  }

  /** A connection for commands that block, opened when it is first used. */
  another(): Redis {
    const client = this.client.duplicate();
    // What is asked of it fails, which says the same.
    client.on("error", () => undefined);
    return client;
  }

  close(): void {
    clearInterval(this.#heart);
    this.#listeners.clear();
    this.#closed.abort();
    this.#goOn();
    this.client.disconnect();
  }

  #goOn(): void {
    for (const resolve of this.#waiting) resolve();
  }

  async #ping(): Promise<void> {
    if (this.client.status !== "ready") return;
    const late = setTimeout(() => {
      this.#lastError = "it does not answer";
      this.#tell(false);
      this.client.disconnect(true);
    }, deaf);
    // One that failed was told by the event `close`.
    await this.client.ping().catch(() => undefined);
    clearTimeout(late);
  }

  #tell(reachable: boolean): void {
    if (this.#reachable === reachable || this.closed.aborted) return;
    this.#reachable = reachable;
    const { shown } = this.address;
    if (reachable) {
      this.#since = Date.now();
      this.#log.info("the fleet's Redis is back", { redis: shown });
    } else {
      this.#log.warn("the fleet's Redis is gone; what is to be told waits", {
        redis: shown,
        reason: this.#lastError,
      });
    }
    for (const listener of this.#listeners) listener(reachable ? "back" : "gone");
  }

  async #within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#unavailable(this.#lastError)), Math.max(0, milliseconds));
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #unavailable(thrown: unknown): EngineError {
    const { shown } = this.address;
    return new EngineError(
      "fleet-unavailable",
      isFull(thrown)
        ? `The fleet's Redis at ${shown} is full or cannot save (${reasonOf(thrown)}); give it more memory or disk, and try again`
        : `The fleet's Redis at ${shown} cannot be used (${reasonOf(thrown)}); try again when it is back`,
    );
  }
}

/** Waits, and no longer than until a signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const leave = (): void => resolve();
  signal.addEventListener("abort", leave, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", leave);
}
