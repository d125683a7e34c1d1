import { seedSequence } from "./seed-sequence.ts";

/** Unit normal values of a fixed length from a 32-bit seed. */
export type Randn = (seed: bigint) => Float32Array;

type Node = Readonly<{ from: number; to: number; k: bigint; depth: number; value: Float32Array }>;

/** To 6 decimals by the exact binary value, as Python rounds; multiplying first would move some numbers across a half. */
const rounded = (value: number): number => Number(value.toFixed(6));

/** Nodes deeper than this differ by less than the tolerance; it only guards against endless descent. */
const maxDepth = 60;

/**
 * One Brownian path over an interval, looked up wherever one likes (Li et al. 2020, section 4; Kidger et al. 2021):
 * a dyadic tree whose nodes draw from seeds of their own, so that every query of the same path agrees with every
 * other, whatever the order. The tree is torchsde's, node for node.
 */
export class BrownianTree {
  readonly #entropy: bigint;
  readonly #randn: Randn;
  readonly #root: Node;
  readonly #halves = new Map<string, readonly [Node, Node]>();

  /**
   * @param from, to the interval; positive sigmas, rounded to 6 decimals inside
   * @param entropy  the task's seed
   * @param randn    draws a whole latent from a fresh generator
   */
  constructor(from: number, to: number, entropy: bigint, randn: Randn) {
    this.#entropy = entropy;
    this.#randn = randn;
    const seed = seedSequence(entropy, [], 3)[0]!;
    const value = scaled(randn(BigInt(seed)), Math.sqrt(to - from));
    this.#root = { from: rounded(from), to: rounded(to), k: 0n, depth: 0, value };
  }

  /** The increment of the path over [from, to], both clipped into the interval. */
  increment(from: number, to: number): Float32Array {
    const { from: start, to: end, value } = this.#root;
    const low = rounded(Math.min(Math.max(from, start), end));
    const high = rounded(Math.min(Math.max(to, start), end));
    const sum = new Float32Array(value.length);
    if (low < high) this.#collect(this.#root, low, high, sum);
    return sum;
  }

  /** Adds up the pieces of [low, high] that lie in the node, in ascending order. */
  #collect(node: Node, low: number, high: number, sum: Float32Array): void {
    if (high <= node.from || low >= node.to) return;
    if ((low <= node.from && node.to <= high) || node.depth >= maxDepth) {
      for (let i = 0; i < sum.length; i += 1) sum[i]! += node.value[i]!;
      return;
    }
    for (const half of this.#split(node)) this.#collect(half, low, high, sum);
  }

  #split(node: Node): readonly [Node, Node] {
    const id = `${node.depth}:${node.k}`;
    const known = this.#halves.get(id);
    if (known !== undefined) return known;
    const { from, to, k, depth, value } = node;
    const middle = rounded(0.5 * (from + to));
    const spread = Math.sqrt(((middle - from) * (to - middle)) / (to - from));
    const share = (middle - from) / (to - from);
    const seed = seedSequence(this.#entropy, [Number(k), depth], 4)[0]!;
    const fresh = this.#randn(BigInt(seed));
    const left = new Float32Array(value.length);
    const right = new Float32Array(value.length);
    for (let i = 0; i < value.length; i += 1) {
      left[i] = value[i]! * share + fresh[i]! * spread;
      right[i] = value[i]! - left[i]!;
    }
    const halves: readonly [Node, Node] = [
      { from, to: middle, k: 2n * k, depth: depth + 1, value: left },
      { from: middle, to, k: 2n * k + 1n, depth: depth + 1, value: right },
    ];
    this.#halves.set(id, halves);
    return halves;
  }
}

const scaled = (data: Float32Array, factor: number): Float32Array => data.map((value) => value * factor);
