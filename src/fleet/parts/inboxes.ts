import { taskIdOf } from "#/lib/task-id.ts";
import type { Inboxes, WorkerMessage } from "../inboxes.ts";
import type { Connection } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { readStream, type StreamEntry } from "../redis/stream.ts";

/** Messages that are kept for one that does not read. */
const most = 1_000;
/** Seconds after which nobody reads them any more. */
const forgotten = 24 * 3600;

const words = ["ring", "pause", "resume", "drain", "unload", "remove"] as const;

/** An inbox is a stream; who listens begins at its end. */
export class RedisInboxes implements Inboxes {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;

  constructor(connection: Connection, keys: FleetKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async send(member: string, message: WorkerMessage): Promise<void> {
    const key = this.#keys.inbox(member);
    const fields = "task" in message ? ["type", message.type, "task", message.task] : ["type", message.type];
    await this.#connection.ask((client) =>
      client
        .multi()
        .xadd(key, "MAXLEN", "~", most, "*", ...fields)
        .expire(key, forgotten)
        .exec(),
    );
  }

  async *listen(member: string, signal: AbortSignal): AsyncGenerator<WorkerMessage, void, undefined> {
    const key = this.#keys.inbox(member);
    const last = await this.#connection.insist((client) => client.xrevrange(key, "+", "-", "COUNT", 1));
    const after = last?.[0]?.[0] ?? "0-0";
    for await (const entries of readStream(this.#connection, { key, after, signal })) {
      yield* entries.flatMap((entry) => messageOf(entry) ?? []);
    }
  }
}

/** Nothing for a word of a later version. */
function messageOf({ fields: { type, task = "" } }: StreamEntry): WorkerMessage | undefined {
  const word = words.find((one) => one === type);
  if (word !== undefined) return { type: word };
  const id = taskIdOf(task);
  return id !== undefined && (type === "stop" || type === "skip") ? { type, task: id } : undefined;
}
