import type { Log } from "#/lib/log.ts";
import type { FleetEntry, ToldPreview } from "../fleet-log.ts";
import type { Connection } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { runScript } from "../redis/script.ts";
import { writeItem } from "../wire.ts";
import { appendScript } from "./log-scripts.ts";

type Unwritten = Readonly<{
  text: string;
  /** What changes of a task's previews with it. */
  beside: Beside | undefined;
  /** The task of a progress, of which only the newest matters. */
  progressOf: string | undefined;
  written: (seq: number | undefined) => void;
}>;

type Beside = Readonly<{ task: string } & ({ what: "preview"; png: Uint8Array } | { what: "end" })>;

/** Entries that are written in one step, and bytes of previews after which a step is full. */
const batchEntries = 100;
const batchBytes = 1 << 20;
/** Entries that wait for a Redis that is gone. */
const mostUnwritten = 20_000;
/** For how many seconds Redis knows what a writer wrote last. */
const knownFor = 24 * 3600;
/** Previews that are kept of a task: one that is not read before the next but one is there is worth nothing. */
const previewsKept = 2;
/** For how many milliseconds they are, where there is no next one, and where the task has ended. */
const previewsFor = 600_000;
const previewsAfter = 15_000;

/** Appends to the log in the order of the calls; one step at a time, so that under load many go in one. */
export class LogWriter {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #entries: number;
  readonly #log: Log;
  readonly #id = crypto.randomUUID();
  #unwritten: Unwritten[] = [];
  #count = 0;
  #batches = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  /** @param entries how many of the newest are kept, about */
  constructor(connection: Connection, keys: FleetKeys, entries: number, log: Log) {
    this.#connection = connection;
    this.#keys = keys;
    this.#entries = entries;
    this.#log = log;
    connection.closed.addEventListener("abort", () => this.#giveUp(), { once: true });
  }

  append(entry: FleetEntry, preview?: ToldPreview): Promise<number | undefined> {
    if (this.#connection.closed.aborted) return Promise.resolve(undefined);
    this.#count += 1;
    const sides = preview === undefined ? {} : { preview: { width: preview.width, height: preview.height } };
    const text = writeItem({ at: Date.now(), by: `${this.#id}:${this.#count}`, entry, ...sides });
    const progressOf = entry.type === "progress" ? entry.taskId : undefined;
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    if (!this.#connection.reachable) this.#makeRoom(progressOf);
    this.#unwritten.push({ text, beside: besideOf(entry, preview?.png), progressOf, written: resolve });
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
      const args = [this.#batches, this.#entries, knownFor, previewsKept, previewsFor, previewsAfter];
      const items = batch.flatMap(({ text, beside }) => [
        ...[text, beside?.what ?? ""],
        beside?.what === "preview" ? beside.png : "",
      ]);
      const { sequence, log, previews, writer } = this.#keys;
      const places = batch.flatMap(({ beside }) => (beside === undefined ? [] : [previews(beside.task)]));
      const first = await this.#connection.insist((client) =>
        runScript(client, appendScript, [sequence, log, writer(this.#id), ...places], [...args, ...items]),
      );
      batch.forEach(({ written }, i) => {
        written(typeof first === "number" ? first + i : undefined);
      });
    }
    this.#writing = undefined;
  }

  #nextBatch(): readonly Unwritten[] {
    let bytes = 0;
    const end = this.#unwritten.findIndex(({ beside }, i) => {
      bytes += beside?.what === "preview" ? beside.png.byteLength : 0;
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

function besideOf({ taskId, type }: FleetEntry, png: Uint8Array | undefined): Beside | undefined {
  if (taskId === null) return undefined;
  if (type === "ended") return { task: taskId, what: "end" };
  return png === undefined ? undefined : { task: taskId, what: "preview", png };
}
