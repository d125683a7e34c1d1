import { CrowdedQueue } from "#/lib/crowded-queue.ts";
import type { TaskId } from "#/lib/task-id.ts";

/** The sending side of a socket. */
export type Wire = Readonly<{
  send: (data: string | Uint8Array) => unknown;
  /** Bytes that were sent and that the system has not taken yet. */
  buffered: () => number;
}>;

type Letter = Readonly<{ text: string; bytes: number; progressOf: TaskId | undefined }>;

/**
 * What one reader has still to be told, in order. It may be slow: from `crowdedBytes` on, previews are dropped and a
 * task's progress is only the newest; everything else waits here and is never dropped.
 */
export class Outbox {
  readonly #wire: Wire;
  readonly #crowdedBytes: number;
  readonly #waiting = new CrowdedQueue<Letter>({ from: 0, keyOf: ({ progressOf }) => progressOf });
  #waitingBytes = 0;
  #given = 0;
  #taken = 0;

  constructor(wire: Wire, crowdedBytes: number) {
    this.#wire = wire;
    this.#crowdedBytes = crowdedBytes;
  }

  /** Bytes the reader has not taken. */
  get unsent(): number {
    return this.#waitingBytes + this.#wire.buffered();
  }

  get crowded(): boolean {
    return this.#waiting.size > 0 || this.#wire.buffered() > this.#crowdedBytes;
  }

  /** @param progressOf the task this replaces older progress of */
  push(text: string, progressOf?: TaskId): void {
    if (!this.crowded) return this.#send(text, text.length);
    const letter = { text, bytes: Buffer.byteLength(text), progressOf };
    this.#waitingBytes += letter.bytes - (this.#waiting.push(letter)?.bytes ?? 0);
  }

  /** @returns whether there was room */
  pushPreview(frame: Uint8Array): boolean {
    if (this.crowded) return false;
    this.#send(frame, frame.length);
    return true;
  }

  /** Sends what waits, as far as there is room; to be called whenever the reader has taken something. */
  flush(): void {
    while (this.#wire.buffered() <= this.#crowdedBytes) {
      const letter = this.#waiting.shift();
      if (letter === undefined) return;
      this.#waitingBytes -= letter.bytes;
      this.#send(letter.text, letter.bytes);
    }
  }

  /** Whether the reader took something since this was asked last, or had nothing to take. */
  moved(): boolean {
    const buffered = this.#wire.buffered();
    const taken = this.#given - buffered;
    const moved = buffered === 0 || taken > this.#taken;
    this.#taken = taken;
    return moved;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }

  #send(data: string | Uint8Array, bytes: number): void {
    this.#given += bytes;
    this.#wire.send(data);
  }
}
