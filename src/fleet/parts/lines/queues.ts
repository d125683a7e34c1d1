import { createRedisBackend, type IQueueBackend, Queue, type RedisQueueBackend } from "bullmq";
import type { FleetJob } from "../../jobs.ts";
import type { Connection } from "../../redis/connection.ts";
import type { FleetKeys } from "../../redis/keys.ts";

/** A line as BullMQ's queue. */
export type LineQueue = Queue<FleetJob, unknown, string, FleetJob, unknown, string, IQueueBackend>;

/** The queues of all lines, over one connection. */
export class Queues {
  readonly #backend: RedisQueueBackend;
  readonly #prefix: string;
  readonly #open = new Map<string, LineQueue>();
  readonly #connection: Connection;

  /** @param leaseMs for how long a job is a worker's that does not renew its lease */
  constructor(connection: Connection, { prefix }: FleetKeys, leaseMs: number) {
    this.#connection = connection;
    this.#prefix = prefix;
    const options = {
      connection: connection.client,
      prefix,
      skipVersionCheck: true,
      lockDuration: leaseMs,
      // Whoever takes a job decides whether it was begun too often.
      maxStalledCount: 1_000_000,
      stalledInterval: Math.min(1_000, leaseMs),
    };
    this.#backend = createRedisBackend("lines", options);
    // What fails is told where it was asked for.
    this.#backend.on("error", () => undefined);
  }

  get(line: string): LineQueue {
    const open = this.#open.get(line);
    if (open !== undefined) return open;
    const options = { connection: this.#connection.client, prefix: this.#prefix, skipMetasUpdate: true };
    const queue: LineQueue = new Queue(line, options, () => this.#backend.forQueue(line));
    queue.on("error", () => undefined);
    this.#open.set(line, queue);
    return queue;
  }

  /** The keys of a line. */
  key(line: string, rest: string): string {
    return `${this.#prefix}:${line}:${rest}`;
  }
}
