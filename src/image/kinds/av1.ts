import type { Claims } from "../claims.ts";

/** Kinds of units (AV1 specification, section 6.2.2). */
const sequenceHeader = 1;

/** Walks through the units of an AV1 stream: its sequence headers say how large the decoder's frames are. */
export function claimsOfAv1(stream: Buffer, claims: Claims): void {
  for (let at = 0; at < stream.length; ) {
    const head = stream[at] ?? 0;
    at += (head & 4) === 0 ? 1 : 2;
    const [length, bytes] = (head & 2) === 0 ? [stream.length - at, 0] : leb128(stream, at);
    at += bytes;
    if (((head >> 3) & 15) === sequenceHeader) readSize(new Bits(stream.subarray(at, at + length)), claims);
    at += length;
  }
}

/** A number of seven bits a byte, and how many bytes it has (section 4.10.5). */
function leb128(stream: Buffer, at: number): readonly [value: number, bytes: number] {
  let value = 0;
  for (let i = 0; i < 8; i += 1) {
    const byte = stream[at + i] ?? 0;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return [value, i + 1];
  }
  return [value, 8];
}

/** Bits from the highest on; zeros beyond the end. */
class Bits {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1, this.#at += 1)
      value = value * 2 + (((this.#data[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    return value;
  }

  /** A number whose length is told by zeros before it (section 4.10.3). */
  skipCounted(): void {
    let zeros = 0;
    while (zeros < 32 && this.read(1) === 0) zeros += 1;
    this.read(zeros);
  }
}

/** A sequence header up to its largest width and height (section 5.5.1). */
function readSize(bits: Bits, claims: Claims): void {
  // Profile, and whether it is a still picture.
  bits.read(4);
  if (bits.read(1) === 1) bits.read(5);
  else skipOperatingPoints(bits);
  const [wide, high] = [bits.read(4) + 1, bits.read(4) + 1];
  claims.size(bits.read(wide) + 1, bits.read(high) + 1);
}

function skipOperatingPoints(bits: Bits): void {
  const timing = bits.read(1) === 1;
  let delayBits: number | undefined;
  if (timing) {
    bits.read(64);
    if (bits.read(1) === 1) bits.skipCounted();
    if (bits.read(1) === 1) {
      delayBits = bits.read(5) + 1;
      bits.read(42);
    }
  }
  const displayDelay = bits.read(1) === 1;
  const points = bits.read(5) + 1;
  for (let point = 0; point < points; point += 1) {
    bits.read(12);
    if (bits.read(5) > 7) bits.read(1);
    if (delayBits !== undefined && bits.read(1) === 1) bits.read(2 * delayBits + 1);
    if (displayDelay && bits.read(1) === 1) bits.read(4);
  }
}
