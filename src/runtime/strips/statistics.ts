import { factorOf, groups } from "#/networks/blocks/strip-operators.ts";
import { isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";

/** Mean and variance of parts of features, by group. */
type Part = Readonly<{ mean: Float32Array; variance: Float32Array; rows: number }>;

/**
 * Mean and variance of each group over all strips, in float64 (Chan, Golub & LeVeque 1979): as exact as if the features had
 * been looked at in one piece.
 */
export class Statistics {
  readonly #means = new Float64Array(groups);
  readonly #squares = new Float64Array(groups);
  #rows = 0;

  add({ mean, variance, rows }: Part): void {
    const total = this.#rows + rows;
    for (let group = 0; group < groups; group += 1) {
      const off = mean[group]! - this.#means[group]!;
      this.#means[group]! += (off * rows) / total;
      this.#squares[group]! += variance[group]! * rows + (off * off * this.#rows * rows) / total;
    }
    this.#rows = total;
  }

  /** What a strip's norm is told: minus the mean, and 1 / the deviation, [32, 1]. */
  get known(): Readonly<{ shift: Tensor; factor: Tensor }> {
    const dims = [groups, 1];
    return {
      shift: { dims, data: Float32Array.from(this.#means, (mean) => -mean) },
      factor: { dims, data: Float32Array.from(this.#squares, (squares) => factorOf(squares / this.#rows)) },
    };
  }

  get isFinite(): boolean {
    const { shift, factor } = this.known;
    return isFiniteThroughout(shift.data) && isFiniteThroughout(factor.data);
  }
}
