import { invalidFile } from "../model-file.ts";

/** Where a cursor reads: bytes from a position on, fewer where there is an end. */
export type ByteSource = Readonly<{
  /** For messages. */
  path: string;
  read: (offset: number, length: number) => Uint8Array;
}>;

/** Bytes read ahead. */
const window = 64 * 1024;

/** Reads from a position on, byte after byte, and never past an end that is set. */
export class ByteCursor {
  readonly #source: ByteSource;
  readonly #end: number;
  #buffer: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer());
  /** Position of the buffer's first byte. */
  #start: number;
  #at: number;

  /** @param end position that nothing is read from */
  constructor(source: ByteSource, start: number, end: number) {
    this.#source = source;
    this.#start = start;
    this.#at = start;
    this.#end = end;
  }

  /** Position of the next byte. */
  get position(): number {
    return this.#at;
  }

  /**
   * The next bytes, valid until the next call.
   *
   * @throws ModelError `header-invalid` where there are fewer
   */
  take(length: number): Uint8Array {
    const from = this.#step(length);
    return this.#buffer.subarray(from, from + length);
  }

  /** The next bytes up to a line end, as text; the line end is passed over. */
  line(most: number): string {
    let text = "";
    for (let byte = this.uint8(); byte !== 10; byte = this.uint8()) {
      if (text.length === most)
        throw invalidFile(this.#source.path, `its pickle has a line of more than ${most} letters`);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  uint8(): number {
    const from = this.#step(1);
    return this.#buffer[from] ?? 0;
  }

  uint16(): number {
    const from = this.#step(2);
    return this.#view.getUint16(from, true);
  }

  uint32(): number {
    const from = this.#step(4);
    return this.#view.getUint32(from, true);
  }

  int32(): number {
    const from = this.#step(4);
    return this.#view.getInt32(from, true);
  }

  /** A length of 64 bits. What is too large for a number is too large for any file. */
  uint64(): number {
    const from = this.#step(8);
    return Number(this.#view.getBigUint64(from, true));
  }

  /** Big-endian, as pickles have it. */
  float64(): number {
    const from = this.#step(8);
    return this.#view.getFloat64(from, false);
  }

  /** Goes on by so many bytes, all of them read. Answers where in the buffer they begin. */
  #step(length: number): number {
    if (length > this.#end - this.#at)
      throw invalidFile(
        this.#source.path,
        `its pickle wants ${length} bytes and ends before (at byte ${this.#at})`,
      );
    let from = this.#at - this.#start;
    if (from + length > this.#buffer.length) {
      const ahead = Math.min(Math.max(length, window), this.#end - this.#at);
      this.#buffer = this.#source.read(this.#at, ahead);
      this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
      this.#start = this.#at;
      from = 0;
      if (this.#buffer.length < length)
        throw invalidFile(this.#source.path, "it was cut short while it was read");
    }
    this.#at += length;
    return from;
  }
}
