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
    for (const [group, before] of this.#means.entries()) {
      const off = (mean[group] ?? Number.NaN) - before;
      const within = (variance[group] ?? Number.NaN) * rows;
      this.#means[group] = before + (off * rows) / total;
      this.#squares[group] = (this.#squares[group] ?? 0) + within + (off * off * this.#rows * rows) / total;
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
