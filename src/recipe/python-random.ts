/**
 * Python's `random.Random`, as far as wildcards and random styles draw from it: MT19937 seeded by an array of words
 * (Matsumoto & Nishimura 2002, `init_by_array`), and `choice` by rejection.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(624);
  #at = 624;

  /** @param seed its absolute value counts, all digits of it */
  constructor(seed: bigint) {
    const key: number[] = [];
    for (let rest = seed < 0n ? -seed : seed; rest > 0n || key.length === 0; rest >>= 32n) {
      key.push(Number(rest & 0xffffffffn));
    }
    this.#seedByArray(key);
  }

  /** One item of a list, drawn uniformly; undefined of an empty one. */
  choice<T>(items: readonly T[]): T | undefined {
    if (items.length === 0) return undefined;
    const bits = items.length.toString(2).length;
    for (;;) {
      const index = this.word() >>> (32 - bits);
      if (index < items.length) return items[index];
    }
  }

  /** The next 32 random bits. */
  word(): number {
    if (this.#at === 624) this.#twist();
    let y = this.#get(this.#at);
    this.#at += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #get(i: number): number {
    return this.#state[i] ?? 0;
  }

  #mixed(i: number, factor: number): number {
    const before = this.#get(i - 1);
    return (this.#get(i) ^ Math.imul(before ^ (before >>> 30), factor)) >>> 0;
  }

  #seedByArray(key: readonly number[]): void {
    const s = this.#state;
    s[0] = 19650218;
    for (let j = 1; j < 624; j += 1) {
      const before = this.#get(j - 1);
      s[j] = Math.imul(1812433253, before ^ (before >>> 30)) + j;
    }
    let i = 1;
    const advance = (): void => {
      i += 1;
      if (i < 624) return;
      s[0] = this.#get(623);
      i = 1;
    };
    for (let k = 0; k < Math.max(624, key.length); k += 1) {
      const j = k % key.length;
      s[i] = this.#mixed(i, 1664525) + (key[j] ?? 0) + j;
      advance();
    }
    for (let k = 0; k < 623; k += 1) {
      s[i] = this.#mixed(i, 1566083941) - i;
      advance();
    }
    s[0] = 0x80000000;
  }

  #twist(): void {
    const s = this.#state;
    for (let k = 0; k < 624; k += 1) {
      const y = (this.#get(k) & 0x80000000) | (this.#get((k + 1) % 624) & 0x7fffffff);
      s[k] = this.#get((k + 397) % 624) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}
