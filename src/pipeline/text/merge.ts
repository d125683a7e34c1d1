/** The rank of a pair of symbols in a merge list: the lower, the sooner; undefined for a pair that is never joined. */
export type RankOf = (left: string, right: string) => number | undefined;

/** A pair that may be joined: where its left symbol begins, and the symbol's state when the pair was seen. */
type Pair = Readonly<{ rank: number; at: number; left: number; right: number }>;

/**
 * Byte-pair merging (Sennrich et al. 2016): the pair of lowest rank is joined wherever it stands, from left to right,
 * until no pair is in the list. The symbols are a linked list and the pairs a heap, so that a word of n symbols looks
 * at no more than 3n pairs; looking through the whole word for every merge would be quadratic.
 *
 * @param symbols the word; taken over and changed
 */
export function mergePairs(symbols: string[], rankOf: RankOf): readonly string[] {
  const word = new LinkedSymbols(symbols);
  const heap = new PairHeap();
  const consider = (at: number): void => {
    const pair = word.pairAt(at, rankOf);
    if (pair !== undefined) heap.push(pair);
  };
  for (let at = 0; at + 1 < symbols.length; at += 1) consider(at);
  for (let first = heap.pop(); first !== undefined; first = heap.pop()) {
    // All places of one rank first: what a merge brings forth waits, even where its rank is lower.
    const places = [first];
    while (heap.lowest === first.rank) places.push(heap.pop() ?? first);
    const joined = places.filter((pair) => word.join(pair));
    for (const { at } of joined) {
      consider(word.before(at));
      consider(at);
    }
  }
  return word.symbols();
}

/** Symbols in their order; a joined one takes the place of its left half. */
class LinkedSymbols {
  readonly #symbols: (string | undefined)[];
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** How often the symbol at a place has changed, so that pairs of what it was before are known as stale. */
  readonly #version: Int32Array;

  constructor(symbols: string[]) {
    const { length } = symbols;
    this.#symbols = symbols;
    this.#next = Int32Array.from({ length }, (_, i) => (i + 1 < length ? i + 1 : -1));
    this.#previous = Int32Array.from({ length }, (_, i) => i - 1);
    this.#version = new Int32Array(length);
  }

  before(at: number): number {
    return this.#previous[at] ?? -1;
  }

  /** The pair whose left symbol stands at a place, if both are there and it is in the list. */
  pairAt(at: number, rankOf: RankOf): Pair | undefined {
    const next = this.#next[at] ?? -1;
    const [left, right] = [this.#symbols[at], this.#symbols[next]];
    if (left === undefined || right === undefined) return undefined;
    const rank = rankOf(left, right);
    if (rank === undefined) return undefined;
    return { rank, at, left: this.#version[at] ?? 0, right: this.#version[next] ?? 0 };
  }

  /** Joins a pair. @returns whether it was still there */
  join({ at, left, right }: Pair): boolean {
    const next = this.#next[at] ?? -1;
    const [one, two] = [this.#symbols[at], this.#symbols[next]];
    const fresh = this.#version[at] === left && this.#version[next] === right;
    if (!fresh || one === undefined || two === undefined) return false;
    const after = this.#next[next] ?? -1;
    this.#symbols[at] = one + two;
    this.#symbols[next] = undefined;
    this.#version[at] = left + 1;
    this.#version[next] = right + 1;
    this.#next[at] = after;
    if (after >= 0) this.#previous[after] = at;
    return true;
  }

  symbols(): readonly string[] {
    return this.#symbols.filter((symbol) => symbol !== undefined);
  }
}

/** Pairs by rank, then from left to right: a binary heap. */
class PairHeap {
  readonly #pairs: Pair[] = [];

  get lowest(): number | undefined {
    return this.#pairs[0]?.rank;
  }

  push(pair: Pair): void {
    const pairs = this.#pairs;
    let at = pairs.push(pair) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = pairs[above];
      if (other === undefined || !goesBefore(pair, other)) break;
      pairs[at] = other;
      at = above;
    }
    pairs[at] = pair;
  }

  pop(): Pair | undefined {
    const pairs = this.#pairs;
    const [first] = pairs;
    const last = pairs.pop();
    if (first === undefined || last === undefined || pairs.length === 0) return first;
    let at = 0;
    for (;;) {
      const [one, two] = [pairs[2 * at + 1], pairs[2 * at + 2]];
      if (one === undefined) break;
      const second = two !== undefined && goesBefore(two, one);
      const lower = second ? two : one;
      if (!goesBefore(lower, last)) break;
      pairs[at] = lower;
      at = 2 * at + (second ? 2 : 1);
    }
    pairs[at] = last;
    return first;
  }
}

const goesBefore = (a: Pair, b: Pair): boolean => a.rank < b.rank || (a.rank === b.rank && a.at < b.at);
