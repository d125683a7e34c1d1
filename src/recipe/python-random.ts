import { MersenneTwister, seededState } from "#/lib/mersenne-twister.ts";

/**
 * Python's `random.Random`, as far as wildcards and random styles draw from it: MT19937 seeded by an array of words
 * (Matsumoto & Nishimura 2002, `init_by_array`), and `choice` by rejection.
 */
export class PythonRandom {
  readonly #twister: MersenneTwister;

  /** @param seed its absolute value counts, all digits of it */
  constructor(seed: bigint) {
    const key: number[] = [];
    for (let rest = seed < 0n ? -seed : seed; rest > 0n || key.length === 0; rest >>= 32n) {
      key.push(Number(rest & 0xffffffffn));
    }
    this.#twister = new MersenneTwister(stateByArray(key));
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
    return this.#twister.word();
  }
}

/** The state that a list of words gives (`init_by_array` of the authors). */
function stateByArray(key: readonly number[]): Uint32Array {
  const s = seededState(19650218);
  const mixed = (i: number, factor: number): number => {
    const before = s[i - 1] ?? 0;
    return ((s[i] ?? 0) ^ Math.imul(before ^ (before >>> 30), factor)) >>> 0;
  };
  let i = 1;
  const advance = (): void => {
    i += 1;
    if (i < s.length) return;
    s[0] = s[s.length - 1] ?? 0;
    i = 1;
  };
  for (let k = 0; k < Math.max(s.length, key.length); k += 1) {
    const j = k % key.length;
    s[i] = mixed(i, 1664525) + (key[j] ?? 0) + j;
    advance();
  }
  for (let k = 1; k < s.length; k += 1) {
    s[i] = mixed(i, 1566083941) - i;
    advance();
  }
  s[0] = 0x80000000;
  return s;
}
