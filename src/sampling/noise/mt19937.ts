import { MersenneTwister, seededState } from "#/lib/mersenne-twister.ts";

/**
 * The Mersenne Twister (Matsumoto & Nishimura 1998) as torch's CPU generator uses it: seeded by the low 32 bits of the
 * seed only, so seeds that differ by a multiple of 2^32 give the same stream.
 */
export class Mt19937 {
  readonly #twister: MersenneTwister;
  /** The second half of a polar pair, kept by the generator for the next short draw. */
  #spare: number | undefined;

  constructor(seed: bigint) {
    this.#twister = new MersenneTwister(seededState(Number(BigInt.asUintN(32, seed))));
  }

  /** The next 32 random bits. */
  word(): number {
    return this.#twister.word();
  }

  /** Uniform in [0, 1) with 24 random bits. */
  float(): number {
    return (this.word() & 0xffffff) * 2 ** -24;
  }

  /** Uniform in [0, 1) with 53 random bits; the first word is the high one. */
  double(): number {
    const high = this.word() & 0x1fffff;
    return (high * 2 ** 32 + this.word()) * 2 ** -53;
  }

  /**
   * Standard normal values as `torch.randn` gives them on the CPU, float32. Bit-equal to torch's scalar code; its
   * vectorised build rounds log, sin and cos differently, so the last one or two bits can differ (2e-6).
   */
  randn(length: number): Float32Array {
    return length < 16 ? this.#shortNormals(length) : this.#blockNormals(length);
  }

  #shortNormals(length: number): Float32Array {
    return Float32Array.from({ length }, () => {
      const spare = this.#spare;
      this.#spare = undefined;
      if (spare !== undefined) return spare;
      const angle = 2 * Math.PI * this.double();
      const radius = Math.sqrt(-2 * Math.log1p(-this.double()));
      this.#spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    });
  }

  #blockNormals(length: number): Float32Array {
    const data = new Float32Array(length);
    for (let i = 0; i < length; i += 1) data[i] = this.float();
    for (let start = 0; start + 16 <= length; start += 16) boxMuller16(data, start);
    if (length % 16 !== 0) {
      for (let i = length - 16; i < length; i += 1) data[i] = this.float();
      boxMuller16(data, length - 16);
    }
    return data;
  }
}

const twoPi = Math.fround(2 * Math.PI);

/** Turns 16 uniforms into 16 normals in place; value k is paired with value k + 8 (Box & Muller 1958). */
function boxMuller16(data: Float32Array, start: number): void {
  for (let k = start; k < start + 8; k += 1) {
    const u1 = Math.fround(1 - data[k]!);
    const u2 = data[k + 8]!;
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(u1)))));
    const theta = Math.fround(twoPi * u2);
    data[k] = radius * Math.fround(Math.cos(theta));
    data[k + 8] = radius * Math.fround(Math.sin(theta));
  }
}

/** `torch.randn` on a fresh CPU generator. */
export const cpuRandn = (seed: bigint, length: number): Float32Array => new Mt19937(seed).randn(length);
