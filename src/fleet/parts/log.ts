import type { Redis } from "ioredis";
import type { Log } from "#/lib/log.ts";
import type { FleetEntry, FleetLog, KeptPreview, LogGap, LogItem, ToldPreview } from "../fleet-log.ts";
import type { Connection } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { runScript } from "../redis/script.ts";
import { readStream } from "../redis/stream.ts";
import { readItem, type WireItem } from "../wire.ts";
import { raiseScript } from "./log-scripts.ts";
import { LogWriter } from "./log-writer.ts";

const idOf = (seq: number): string => `${seq}-0`;
const seqOf = (id: string): number => Number(id.split("-", 1)[0]);

/** The log is a stream whose ids are numbers without a hole, so that a reader sees what it missed. */
export class RedisLog implements FleetLog {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #writer: LogWriter;

  /** @param entries how many of the newest are kept, about */
  constructor(connection: Connection, keys: FleetKeys, entries: number, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#writer = new LogWriter(connection, keys, entries, log);
  }

  append(entry: FleetEntry, preview?: ToldPreview): Promise<number | undefined> {
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

  async *read(after: number, signal: AbortSignal): AsyncGenerator<LogItem | LogGap, void, undefined> {
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
      for (const { id, fields } of entries) {
        const { e: text = "" } = fields;
        const [seq, { at, entry, preview }] = [seqOf(id), readItem(text)];
        const gap = place.read(seq, text);
        if (gap !== undefined) yield gap;
        yield { seq, at, entry, ...this.#kept(seq, entry.taskId, preview) };
      }
    }
  }

  async #raise(client: Redis, floor: number): Promise<number> {
    return Number(await runScript(client, raiseScript, [this.#keys.sequence, this.#keys.log], [floor]));
  }

  #kept(seq: number, task: string | null, sides: WireItem["preview"]): Readonly<{ preview?: KeptPreview }> {
    if (task === null || sides === undefined) return {};
    let bytes: Promise<Uint8Array | undefined> | undefined;
    const png = (): Promise<Uint8Array | undefined> => {
      bytes ??= this.#preview(task, idOf(seq));
      return bytes;
    };
    return { preview: { ...sides, png } };
  }

  /** A picture is worth no waiting: one that cannot be had now is gone. */
  async #preview(task: string, id: string): Promise<Uint8Array | undefined> {
    try {
      const [found] = await this.#connection.client.xrangeBuffer(this.#keys.previews(task), id, id);
      return found?.[1][1];
    } catch {
      return undefined;
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
