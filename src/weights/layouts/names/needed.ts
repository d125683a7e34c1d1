import type { WeightMap } from "../../checkpoint.ts";

/** Names that a part of a model must have, with their shapes in torch's order; undefined where no other tensor tells. */
export type Needed = ReadonlyMap<string, readonly number[] | undefined>;

/** Collects needed names below a prefix. */
export class Place {
  readonly needed: Map<string, readonly number[] | undefined>;
  readonly #prefix: string;

  constructor(needed = new Map<string, readonly number[] | undefined>(), prefix = "") {
    this.needed = needed;
    this.#prefix = prefix;
  }

  /** A child by its name: everything put there has that name and a dot before its own. */
  at(name: string): Place {
    return new Place(this.needed, `${this.#prefix}${name}.`);
  }

  /** One tensor. */
  put(name: string, shape?: readonly number[]): void {
    this.needed.set(this.#prefix + name, shape);
  }

  /** Weight and bias of a norm. */
  norm(name: string, width: number): void {
    this.put(`${name}.weight`, [width]);
    this.put(`${name}.bias`, [width]);
  }

  /** Weight [out, in], and bias unless there is none. */
  linear(name: string, inner: number, outer: number, bias = true): void {
    this.put(`${name}.weight`, [outer, inner]);
    if (bias) this.put(`${name}.bias`, [outer]);
  }

  /** Weight [out, in, size, size] and bias. */
  conv(name: string, inner: number, outer: number, size: number): void {
    this.put(`${name}.weight`, [outer, inner, size, size]);
    this.put(`${name}.bias`, [outer]);
  }
}

/** Answers what a part of a file has: names, prefixes of names that end before a dot, and sizes. */
export class Given {
  readonly #tensors: WeightMap;
  readonly #names = new Set<string>();

  constructor(tensors: WeightMap) {
    this.#tensors = tensors;
    for (const key of tensors.keys()) {
      for (let dot = key.length; dot > 0; dot = key.lastIndexOf(".", dot - 1))
        this.#names.add(key.slice(0, dot));
    }
  }

  /** Whether there is this tensor, or anything below this name. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * One more than the largest number that stands right below a name: gaps are for whoever looks what is missing. Numbers
   * have at most two digits, or a header could ask for millions of names.
   */
  count(name: string): number {
    let count = 0;
    const prefix = `${name}.`;
    for (const key of this.#tensors.keys()) {
      if (!key.startsWith(prefix)) continue;
      const number = /^\d{1,2}(?=\.)/.exec(key.slice(prefix.length, prefix.length + 3));
      if (number !== null) count = Math.max(count, Number(number[0]) + 1);
    }
    return count;
  }

  /** A dimension of the first of these tensors that is there and has it. */
  size(axis: number, ...keys: readonly string[]): number | undefined {
    for (const key of keys) {
      const size = this.#tensors.get(key)?.shape[axis];
      if (size !== undefined) return size;
    }
    return undefined;
  }
}
