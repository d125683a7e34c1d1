import type { Redis } from "ioredis";
import type { Log } from "#/lib/log.ts";
import type { FleetEntry, FleetLog, LogGap, LogItem, LogReading } from "../fleet-log.ts";
import type { Connection } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { runScript } from "../redis/script.ts";
import { readStream, type StreamEntry } from "../redis/stream.ts";
import { readItem } from "../wire.ts";
import { raiseScript } from "./log-scripts.ts";
import { type LogLimits, LogWriter } from "./log-writer.ts";

const idOf = (seq: number): string => `${seq}-0`;
const seqOf = (id: string): number => Number(id.split("-", 1)[0]);

/** The log is a stream whose ids are numbers without a hole, so that a reader sees what it missed. */
export class RedisLog implements FleetLog {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #writer: LogWriter;

  constructor(connection: Connection, keys: FleetKeys, limits: LogLimits, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#writer = new LogWriter(connection, keys, limits, log);
  }

  append(entry: FleetEntry, preview?: Uint8Array): Promise<number | undefined> {
    return this.#writer.append(entry, preview);
  }

  flush(milliseconds: number): Promise<void> {
    return this.#writer.flush(milliseconds);
  }

  last(): Promise<number> {
    return this.#connection.ask((client) => this.#raise(client, 0));
  }

  async raise(floor: number): Promise<void> {
    await this.#connection.ask((client) => this.#raise(client, floor));
  }

  async *read(
    after: number,
    signal: AbortSignal,
    { previews = true }: LogReading = {},
  ): AsyncGenerator<LogItem | LogGap, void, undefined> {
    const place = new Place(after);
    const look = async (client: Redis, id: string): Promise<string> => {
      const last = seqOf(id);
      const atPlace = await client.xrange(this.#keys.log, id, id);
      const newest = await this.#raise(client, place.text === undefined ? 0 : last);
      return idOf(place.look(last, atPlace[0]?.[1][1], newest));
    };
    for await (const entries of readStream(this.#connection, {
      key: this.#keys.log,
      after: idOf(after),
      signal,
      look,
    })) {
      if (place.gap !== undefined) yield place.gap;
      place.gap = undefined;
      const items = entries.map(({ id, fields: { e = "" } }) => ({
        seq: seqOf(id),
        text: e,
        item: readItem(e),
      }));
      const pictures =
        previews && items.some(({ item }) => item.preview) ? await this.#previews(entries) : undefined;
      for (const { seq, text, item } of items) {
        const gap = place.read(seq, text);
        if (gap !== undefined) yield gap;
        const preview = pictures?.get(seq);
        yield { seq, at: item.at, entry: item.entry, ...(preview === undefined ? {} : { preview }) };
      }
    }
  }

  async #raise(client: Redis, floor: number): Promise<number> {
    return Number(await runScript(client, raiseScript, [this.#keys.sequence, this.#keys.log], [floor]));
  }

  /** A picture is worth no waiting: where they cannot be had, entries go without. */
  async #previews(entries: readonly StreamEntry[]): Promise<ReadonlyMap<number, Uint8Array>> {
    const [first = "-", last = "+"] = [entries[0]?.id, entries.at(-1)?.id];
    try {
      const found = await this.#connection.client.xrangeBuffer(this.#keys.previews, first, last);
      return new Map(
        found.flatMap(([id, [, bytes]]) => (bytes === undefined ? [] : [[seqOf(String(id)), bytes]])),
      );
    } catch {
      return new Map();
    }
  }
}

/** Where a reader is, and what it missed. */
class Place {
  gap: LogGap | undefined;
  /** Of the entry that was read last. */
  text: string | undefined;
  #next: number | undefined;

  constructor(after: number) {
    this.#next = after === 0 ? undefined : after + 1;
  }

  /**
   * Whether what was read is still what Redis has. One that lost its data, or its last second, gives numbers anew that were given
   * before.
   *
   * @param text   what it has under the number that was read last
   * @param newest the number of its last entry
   * @returns the number to go on behind
   */
  look(last: number, text: string | undefined, newest: number): number {
    const isOther = this.text !== undefined && text !== undefined && text !== this.text;
    // What was trimmed is older than all that is there; what is missing at the end was lost.
    const isLost = newest < last || (this.text !== undefined && text === undefined && newest === last);
    if (!isOther && !isLost) return last;
    const after = Math.min(last, newest);
    this.gap = { gap: true, from: after + 1 };
    this.text = undefined;
    this.#next = after + 1;
    return after;
  }

  read(seq: number, text: string): LogGap | undefined {
    const missed = this.#next !== undefined && seq !== this.#next;
    this.#next = seq + 1;
    this.text = text;
    return missed ? { gap: true, from: seq } : undefined;
  }
}
