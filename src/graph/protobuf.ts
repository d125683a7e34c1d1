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
  int(field: number, value: number | bigint): this {
    this.#varint(BigInt(field << 3));
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** Whole numbers in one packed field. */
  ints(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#varint(BigInt.asUintN(64, BigInt(value)));
    return this.data(field, packed.bytes);
  }

  float(field: number, value: number): this {
    this.#varint(BigInt((field << 3) | 5));
    this.#append(new Uint8Array(new Float32Array([value]).buffer));
    return this;
  }

  text(field: number, value: string): this {
    return this.data(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.data(field, value.bytes);
  }

  data(field: number, value: Uint8Array): this {
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(value.length));
    this.#append(value);
    return this;
  }

  #varint(value: bigint): void {
    let rest = value;
    const bytes: number[] = [];
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#append(Uint8Array.from(bytes));
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = needed;
  }
}
