import { type ModelFile, readAt } from "../model-file.ts";

/** A field of a message, from `at` up to the next one: a number, or where its content lies. */
export type Field = Readonly<
  { number: number; at: number; next: number } & ({ value: number } | { start: number; end: number })
>;

/** What is no message of protocol buffers. */
export class NoMessage extends Error {}

/** Bytes that are read at once: those of a network's nodes, between which its weights are passed over. */
const windowBytes = 1 << 13;

/**
 * Reads messages of protocol buffers in a file (https://protobuf.dev/programming-guides/encoding/) without reading what is passed
 * over, which is nearly all of a network.
 */
export class ProtobufReader {
  readonly #file: ModelFile;
  #window: Uint8Array = new Uint8Array();
  #from = 0;

  constructor(file: ModelFile) {
    this.#file = file;
  }

  /** The fields of the message between two places, in their order; @throws NoMessage where there is none, or it is cut off */
  *fields(start: number, end: number): Generator<Field> {
    for (let at = start; at < end; ) {
      const [tag, from] = this.#varint(at, end);
      const number = Math.floor(tag / 8);
      if (number === 0) throw new NoMessage("a field has no number");
      const field = this.#field(tag % 8, from, end);
      yield { number, at, next: field.next, ...field.content };
      at = field.next;
    }
  }

  /** Bytes of the file. */
  bytes(start: number, end: number): Uint8Array {
    if (start < this.#from || end > this.#from + this.#window.length) {
      const window = readAt(this.#file, start, Math.max(end - start, windowBytes));
      if (window.length < end - start) throw new NoMessage("it is cut off");
      this.#window = window;
      this.#from = start;
    }
    return this.#window.subarray(start - this.#from, end - this.#from);
  }

  #field(wireType: number, from: number, end: number) {
    switch (wireType) {
      case 0: {
        const [value, next] = this.#varint(from, end);
        return { content: { value }, next };
      }
      case 1:
      case 5: {
        const next = this.#within(from + (wireType === 1 ? 8 : 4), end);
        return { content: { start: from, end: next }, next };
      }
      case 2: {
        const [length, start] = this.#varint(from, end);
        const next = this.#within(start + length, end);
        return { content: { start, end: next }, next };
      }
      default:
        throw new NoMessage("a field has no type");
    }
  }

  #within(place: number, end: number): number {
    if (!(place <= end)) throw new NoMessage("it is cut off");
    return place;
  }

  /** Up to 2^53 exactly; what is negative or larger is no size of anything here. */
  #varint(start: number, end: number): readonly [value: number, next: number] {
    let value = 0;
    for (let at = start, factor = 1; at < Math.min(end, start + 10); at += 1, factor *= 128) {
      const [byte = 0] = this.bytes(at, at + 1);
      value += (byte % 128) * factor;
      if (byte < 128) return [value, at + 1];
    }
    throw new NoMessage("a number does not end");
  }
}
