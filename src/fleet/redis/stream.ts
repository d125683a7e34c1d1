import type { Redis } from "ioredis";
import { type Connection, pause } from "./connection.ts";

/** An entry of a Redis stream. */
export type StreamEntry = Readonly<{ id: string; fields: Readonly<Record<string, string>> }>;

/** What of a stream is read. */
export type StreamReading = Readonly<{
  key: string;
  /** Id of the entry before the first. */
  after: string;
  signal: AbortSignal;
  /**
   * Asked whenever entries may have been lost: after each connection, and when nothing came for a while.
   *
   * @returns the id to go on behind, which it may change
   */
  look?: (client: Redis, after: string) => Promise<string>;
}>;

/** How long Redis waits for an entry, and how much later its answer is taken for lost; in milliseconds. */
const blocks = 5_000;
const grace = 4_000;
const most = 500;

/**
 * Reads a stream as it grows, on a connection of its own; nothing stands for a look. Ends with the signal, or when the fleet is left; a connection that is
 * lost, or hangs, is opened anew, and reading goes on where it was.
 */
export async function* readStream(
  connection: Connection,
  { key, after, signal, look }: StreamReading,
): AsyncGenerator<readonly StreamEntry[], void, undefined> {
  const over = AbortSignal.any([signal, connection.closed]);
  const client = connection.another();
  const leave = (): void => client.disconnect();
  over.addEventListener("abort", leave, { once: true });
  let last = after;
  let isChecked = look === undefined;
  client.on("close", () => {
    isChecked = look === undefined;
  });
  try {
    while (!over.aborted) {
      try {
        await opened(client);
        if (!isChecked && look !== undefined) {
          isChecked = true;
          last = await look(client, last);
          yield [];
        }
        const entries = await readOnce(client, key, last);
        if (entries.length === 0) isChecked = look === undefined;
        last = entries.at(-1)?.id ?? last;
        if (entries.length > 0) yield entries;
      } catch {
        // It is told by the connection that everybody shares.
        isChecked = look === undefined;
        await pause(200, over);
      }
    }
  } finally {
    over.removeEventListener("abort", leave);
    client.disconnect();
  }
}

async function readOnce(client: Redis, key: string, after: string): Promise<readonly StreamEntry[]> {
  const late = setTimeout(() => client.disconnect(true), blocks + grace);
  try {
    const answer = await client.xread("COUNT", most, "BLOCK", blocks, "STREAMS", key, after);
    return (answer?.[0]?.[1] ?? []).map(([id, flat]) => ({ id, fields: fieldsOf(flat) }));
  } finally {
    clearTimeout(late);
  }
}

async function opened(client: Redis): Promise<void> {
  if (client.status === "ready") return;
  // Once it was connected, it connects anew by itself.
  if (client.status === "wait") return client.connect();
  const { promise, resolve } = Promise.withResolvers<void>();
  client.once("ready", resolve);
  client.once("end", resolve);
  await promise;
  client.off("ready", resolve);
  client.off("end", resolve);
}

function fieldsOf(flat: readonly string[]): Readonly<Record<string, string>> {
  const pairs = Array.from({ length: flat.length / 2 }, (_, i): [string, string] => [
    flat[2 * i] ?? "",
    flat[2 * i + 1] ?? "",
  ]);
  return Object.fromEntries(pairs);
}
