import { type DecolorGradients, monomials } from "./decolor-gradients.ts";
import { solveLinear } from "./solve-linear.ts";

/** The width of the bell around the wanted contrast, a float32 there. */
const sigma = Math.fround(0.02);

const rounds = 16;
const tolerance = 1e-4;

/**
 * The weights of the monomials whose sum keeps the contrasts of the colours best: C. Lu, L. Xu, J. Jia, "Contrast Preserving
 * Decolorization" (2012), by the fixed-point iteration of OpenCV's decolor. Zeros where nothing can be told (a flat picture).
 */
export function decolorWeights(gradients: DecolorGradients): Float64Array {
  const { contrast, order } = gradients;
  const answers = responses(gradients);
  let weights = Float64Array.from(monomials, (powers) =>
    powers[0] + powers[1] + powers[2] === 1 ? 0.33 : 0,
  );
  let [energy, before] = [0, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds && Math.abs(energy - before) > tolerance; round += 1) {
    before = energy;
    const grey = weightedSum(gradients.monomials, weights);
    const sign = grey.map((step, i) => {
      const wanted = contrast[i]!;
      const brighter = ((1 + order[i]!) / 2) * Math.exp((-0.5 * (step - wanted) ** 2) / sigma ** 2);
      const darker = ((1 - order[i]!) / 2) * Math.exp((-0.5 * (step + wanted) ** 2) / sigma ** 2);
      const sum = brighter + darker;
      return sum === 0 ? 0 : (brighter - darker) / sum;
    });
    weights = Float64Array.from(answers, (row) => {
      let sum = 0;
      for (let i = 0; i < row.length; i += 1) sum += row[i]! * sign[i]!;
      return sum;
    });
    energy = energyOf(weightedSum(gradients.monomials, weights), contrast);
  }
  return weights;
}

/** What each step, if it is to be as large as its contrast, adds to each weight: least squares in float32. */
function responses({ monomials: products, contrast }: DecolorGradients): readonly Float32Array[] {
  const square = products.map((row) =>
    Float32Array.from(products, (other) => {
      let sum = 0;
      for (let i = 0; i < row.length; i += 1) sum += row[i]! * other[i]!;
      return sum;
    }),
  );
  const right = products.map((row) => row.map((step, i) => step * contrast[i]!));
  return solveLinear(square, right) ? right : right.map((row) => row.fill(0));
}

function weightedSum(rows: readonly Float32Array[], weights: Float64Array): Float64Array {
  const sums = new Float64Array(rows[0]?.length ?? 0);
  for (const [k, row] of rows.entries()) {
    const weight = weights[k]!;
    for (let i = 0; i < sums.length; i += 1) sums[i] = sums[i]! + row[i]! * weight;
  }
  return sums;
}

function energyOf(grey: Float64Array, contrast: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < grey.length; i += 1) {
    const [step, wanted] = [grey[i]!, contrast[i]!];
    sum -= Math.log(Math.exp(-((step - wanted) ** 2) / sigma) + Math.exp(-((step + wanted) ** 2) / sigma));
  }
  return sum / grey.length;
}
