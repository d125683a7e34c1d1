import type { Graph, Value } from "#/graph/graph.ts";
import { add, keepingShape, matmul, mul } from "#/graph/ops/arithmetic.ts";
import { concat, dims, reshape, transpose, unsqueeze } from "#/graph/ops/shape.ts";

/**
 * What pictures say at one cross-attention of a network, to be added to what the text says there.
 *
 * @param rows  queries [R, C] of the text's attention
 * @param heads of the same
 * @returns [R, C]
 */
export type ImageAttention = (rows: Value, heads: number) => Value;

/**
 * Decoupled cross-attention (Ye et al. 2023, IP-Adapter, section 3.2.2): the text's queries are compared with the keys of each
 * picture too, by a softmax of its own, and all answers are added: Σ λ · softmax(q · kᵀ / sqrt(d)) · v.
 *
 * Declares the inputs `image_scales` [I], a λ for each picture, and `image_mask` [I, T], added to the scores of its tokens, as
 * pictures may have fewer than others; and with each call, for the next attention in the order of drawing, `image_keys_<n>` and
 * `image_values_<n>` [I, T, C]. In a call that no picture has a part in, one of one token whose values are zeros adds nothing.
 */
export function imageAttention(g: Graph): ImageAttention {
  const scales = g.computing(g.input("image_scales", "float32", [images]));
  const mask = g.computing(g.input("image_mask", "float32", [images, tokens]));
  const weights = unsqueeze(scales, [1, 2]);
  let site = 0;
  return (rows, heads) => {
    const width = Number(rows.dims[1]);
    const told = ["keys", "values"].map((what) =>
      g.computing(g.input(`image_${what}_${site}`, "float32", [images, tokens, width])),
    );
    site += 1;
    const [keys, values] = told as [Value, Value];
    // The root is taken of the keys, which are few.
    const scaled = mul(keys, g.number([Math.sqrt(heads / width)]));
    const byHead = (x: Value, perm: readonly number[]): Value =>
      transpose(reshape(x, [-1, heads, width / heads]), perm);
    const products = matmul(byHead(rows, [1, 0, 2]), byHead(scaled, [1, 2, 0])); // [heads, R, I * T]
    const apart = concat([g.constant("int64", [0, 0]), dims(mask)], 0);
    const scores = add(reshape(products, apart), mask); // [heads, R, I, T]
    const shares = reshape(keepingShape("Softmax", scores, { axis: -1 }), [0, 0, -1]);
    const mixed = matmul(shares, byHead(mul(values, weights), [1, 0, 2])); // [heads, R, C / heads]
    return reshape(transpose(mixed, [1, 0, 2]), [-1, width]);
  };
}

/** Names of the numbers of pictures and of the tokens of each. */
const [images, tokens] = ["image_i", "image_t"] as const;
