import type { Log } from "#/lib/log.ts";
import type { FleetEntry } from "../fleet-log.ts";
import type { Connection } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { runScript } from "../redis/script.ts";
import { writeItem } from "../wire.ts";
import { appendScript } from "./log-scripts.ts";

type Unwritten = Readonly<{
  text: string;
  preview: Uint8Array | undefined;
  /** The task of a progress, of which only the newest matters. */
  progressOf: string | undefined;
  written: (seq: number | undefined) => void;
}>;

/** What a log keeps of the newest: about so many entries, and so many previews. */
export type LogLimits = Readonly<{ entries: number; previews: number }>;

/** Entries that are written in one step, and bytes of previews after which a step is full. */
const batchEntries = 100;
const batchBytes = 1 << 20;
/** Entries that wait for a Redis that is gone. */
const mostUnwritten = 20_000;
/** For how many seconds Redis knows what a writer wrote last. */
const knownFor = 24 * 3600;

/** Appends to the log in the order of the calls; one step at a time, so that under load many go in one. */
export class LogWriter {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #limits: LogLimits;
  readonly #log: Log;
  readonly #id = crypto.randomUUID();
  #unwritten: Unwritten[] = [];
  #count = 0;
  #batches = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(connection: Connection, keys: FleetKeys, limits: LogLimits, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#limits = limits;
    this.#log = log;
    connection.closed.addEventListener("abort", () => this.#giveUp(), { once: true });
  }

  append(entry: FleetEntry, preview?: Uint8Array): Promise<number | undefined> {
    if (this.#connection.closed.aborted) return Promise.resolve(undefined);
    this.#count += 1;
    const item = { at: Date.now(), by: `${this.#id}:${this.#count}`, entry, preview: preview !== undefined };
    const progressOf = entry.type === "progress" ? entry.taskId : undefined;
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    if (!this.#connection.reachable) this.#makeRoom(progressOf);
    this.#unwritten.push({ text: writeItem(item), preview, progressOf, written: resolve });
    this.#writing ??= this.#write();
    return promise;
  }

  /** Until everything is written, or so many milliseconds are over. */
  async flush(milliseconds: number): Promise<void> {
    if (this.#writing === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    await Promise.race([this.#writing, promise]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    // What is told in the same turn goes in one step.
    await Promise.resolve();
    while (this.#unwritten.length > 0) {
      const batch = this.#nextBatch();
      this.#batches += 1;
      const { entries, previews } = this.#limits;
      const args = [this.#batches, entries, previews, knownFor];
      const items = batch.flatMap(({ text, preview }) => [text, preview ?? ""]);
      const { sequence, log, previews: previewsKey, writer } = this.#keys;
      const first = await this.#connection.insist((client) =>
        runScript(client, appendScript, [sequence, log, previewsKey, writer(this.#id)], [...args, ...items]),
      );
      batch.forEach(({ written }, i) => {
        written(typeof first === "number" ? first + i : undefined);
      });
    }
    this.#writing = undefined;
  }

  #nextBatch(): readonly Unwritten[] {
    let bytes = 0;
    const end = this.#unwritten.findIndex(({ preview }, i) => {
      bytes += preview?.byteLength ?? 0;
      return i > 0 && (i >= batchEntries || bytes > batchBytes);
    });
    return this.#unwritten.splice(0, end < 0 ? this.#unwritten.length : end);
  }

  /** While Redis is gone: of a task's progress the newest is enough, and memory has an end. */
  #makeRoom(progressOf: string | undefined): void {
    const older =
      progressOf === undefined ? -1 : this.#unwritten.findIndex((one) => one.progressOf === progressOf);
    if (older >= 0) this.#unwritten.splice(older, 1)[0]?.written(undefined);
    if (this.#unwritten.length < mostUnwritten) return;
    this.#unwritten.shift()?.written(undefined);
    this.#dropped += 1;
    if (this.#dropped % 1_000 !== 1) return;
    this.#log.error("more happens than can be kept until the fleet's Redis is back", { lost: this.#dropped });
  }

  #giveUp(): void {
    for (const { written } of this.#unwritten.splice(0)) written(undefined);
  }
}
