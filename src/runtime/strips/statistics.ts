import { factorOf, groups } from "#/networks/blocks/strip-operators.ts";
import { isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";

/** Mean of parts of features and squares of the distances from it, by group, and how many values each group has there. */
type Part = Readonly<{ mean: Float32Array; squares: Float32Array; count: number }>;

/**
 * Mean and variance of each group over all strips, in float64 (Chan, Golub & LeVeque 1979): as exact as if the features had
 * been looked at in one piece.
 */
export class Statistics {
  readonly #means = new Float64Array(groups);
  readonly #squares = new Float64Array(groups);
  #count = 0;

  add({ mean, squares, count }: Part): void {
    const total = this.#count + count;
    for (const [group, before] of this.#means.entries()) {
      const off = (mean[group] ?? Number.NaN) - before;
      const within = squares[group] ?? Number.NaN;
      this.#means[group] = before + (off * count) / total;
      this.#squares[group] = (this.#squares[group] ?? 0) + within + (off * off * this.#count * count) / total;
    }
    this.#count = total;
  }

  /** What a strip's norm is told: minus the mean, and 1 / the deviation, [32, 1]. */
  get known(): Readonly<{ shift: Tensor; factor: Tensor }> {
    const dims = [groups, 1];
    return {
      shift: { dims, data: Float32Array.from(this.#means, (mean) => -mean) },
      factor: { dims, data: Float32Array.from(this.#squares, (squares) => factorOf(squares / this.#count)) },
    };
  }

  get isFinite(): boolean {
    const { shift, factor } = this.known;
    return isFiniteThroughout(shift.data) && isFiniteThroughout(factor.data);
  }
}
