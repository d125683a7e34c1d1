const length = 624;

/** The state that one 32-bit number gives (`init_genrand` of the authors). */
export function seededState(seed: number): Uint32Array {
  const state = new Uint32Array(length);
  state[0] = seed;
  for (let j = 1; j < length; j += 1) {
    const before = state[j - 1] ?? 0;
    state[j] = Math.imul(1812433253, before ^ (before >>> 30)) + j;
  }
  return state;
}

/** MT19937 (Matsumoto & Nishimura 1998): the words that follow from a state of 624 words. */
export class MersenneTwister {
  readonly #state: Uint32Array;
  #at = length;

  constructor(state: Uint32Array) {
    this.#state = state;
  }

  /** The next 32 random bits. */
  word(): number {
    if (this.#at === length) this.#twist();
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

  #twist(): void {
    for (let k = 0; k < length; k += 1) {
      const y = (this.#get(k) & 0x80000000) | (this.#get((k + 1) % length) & 0x7fffffff);
      this.#state[k] = this.#get((k + 397) % length) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}
