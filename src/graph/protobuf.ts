const encoder = new TextEncoder();

/**
 * The few parts of the protocol buffers wire format that a message of ONNX needs
 * (https://protobuf.dev/programming-guides/encoding/): varints, length-delimited fields, 32-bit floats.
 */
export class Message {
  #bytes = new Uint8Array(64);
  #length = 0;

  /** The message so far; a view, valid until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A whole number; negative ones as 64-bit two's complement. */
  int(field: number, value: number): this {
    this.#tag(field, 0);
    this.#varint(value);
    return this;
  }

  /** Whole numbers in one packed field. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#varint(value);
    return this.message(field, packed);
  }

  float(field: number, value: number): this {
    this.#tag(field, 5);
    this.#append(new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  text(field: number, value: string): this {
    return this.data(field, encoder.encode(value));
  }

  message(field: number, value: Message): this {
    return this.data(field, value.bytes);
  }

  data(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(value.length);
    this.#append(value);
    return this;
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    if (value < 0) return this.#negative(BigInt.asUintN(64, BigInt(value)));
    this.#reserve(8); // 53 bits, 7 a byte
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#length] = (rest % 128) + 128;
      this.#length += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  #negative(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 7n) bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    this.#append(Uint8Array.from(bytes));
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Room for so many bytes more. */
  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}
