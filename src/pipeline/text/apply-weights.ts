import type { Tensor } from "#/tensor/tensor.ts";

/**
 * Weighs an encoder's answer: each weighted token moves away from what the same place of an empty text says, then the
 * mean of the section is restored. Not the same as multiplying the embeddings.
 *
 * @param hidden  hidden states of one section [1, 77, C]
 * @param empty   those of the empty text [1, 77, C]
 * @param weights one a token
 */
export function applyWeights(hidden: Tensor, empty: Tensor, weights: readonly number[]): Tensor {
  const channels = hidden.dims.at(-1) ?? 1;
  const data = hidden.data.slice();
  const before = mean(data);
  for (const [token, weight] of weights.entries()) {
    if (weight === 1) continue;
    for (let i = token * channels; i < (token + 1) * channels; i += 1) {
      const base = empty.data[i] ?? 0;
      data[i] = ((data[i] ?? 0) - base) * weight + base;
    }
  }
  const ratio = before / mean(data);
  return { dims: hidden.dims, data: data.map((value) => value * ratio) };
}

const mean = (data: Float32Array): number => data.reduce((sum, value) => sum + value, 0) / data.length;
