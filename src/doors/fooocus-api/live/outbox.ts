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
  /** In order of arrival; an element can be taken out of a set's middle. */
  readonly #waiting = new Set<Letter>();
  readonly #progress = new Map<TaskId, Letter>();
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
    if (progressOf !== undefined) this.#take(this.#progress.get(progressOf));
    const letter = { text, bytes: Buffer.byteLength(text), progressOf };
    this.#waiting.add(letter);
    this.#waitingBytes += letter.bytes;
    if (progressOf !== undefined) this.#progress.set(progressOf, letter);
  }

  /** @returns whether there was room */
  pushPreview(frame: Uint8Array): boolean {
    if (this.crowded) return false;
    this.#send(frame, frame.length);
    return true;
  }

  /** Sends what waits, as far as there is room; to be called whenever the reader has taken something. */
  flush(): void {
    for (const letter of this.#waiting) {
      if (this.#wire.buffered() > this.#crowdedBytes) return;
      this.#take(letter);
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
    this.#progress.clear();
    this.#waitingBytes = 0;
  }

  #send(data: string | Uint8Array, bytes: number): void {
    this.#given += bytes;
    this.#wire.send(data);
  }

  #take(letter: Letter | undefined): void {
    if (letter === undefined || !this.#waiting.delete(letter)) return;
    this.#waitingBytes -= letter.bytes;
    if (letter.progressOf !== undefined) this.#progress.delete(letter.progressOf);
  }
}
