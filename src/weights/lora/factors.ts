import type { WeightFile, WeightRef } from "../weight-file.ts";
import { foreignByMetadata } from "./foreign-lora.ts";
import { refused } from "./refused.ts";

/** A pair of factors and the weight they change. */
export type Factors = Readonly<{
  file: WeightFile;
  down: WeightRef;
  up: WeightRef;
  /** A Tucker core between them. */
  mid?: WeightRef | undefined;
  weight: WeightRef;
}>;

/**
 * The factors with as many axes as the weight. dW is up · down with both laid out as matrices, so a 1 x 1 kernel and a
 * matrix are the same bytes, and tools write either for either; a matrix of rank rows may hold whole kernels, too.
 *
 * @throws ModelError `lora-unsupported` where they do not multiply to the weight's shape
 */
export function fitted({ file, down, up, mid, weight }: Factors): Readonly<{
  rank: number;
  down: WeightRef;
  up: WeightRef;
  mid?: WeightRef;
}> {
  for (const { key, dtype } of mid === undefined ? [down, up] : [down, up, mid]) {
    // Whole numbers are quantised values: their scales are kept in ways of their own.
    if (!/^B?F\d/.test(dtype))
      throw refused(file.path, `${key} is of type ${dtype}, which no factor has`, key);
  }
  const [out = 0, ...own] = weight.shape;
  const [rank = 0] = down.shape;
  // With a core the kernel is the core's, and down is of one point.
  const inner = mid === undefined ? own : [own[0] ?? 0, ...own.slice(1).map(() => 1)];
  const flat = down.shape.slice(1).reduce((product, n) => product * n, 1);
  const wanted = inner.reduce((product, n) => product * n, 1);
  const kernels = down.shape.length === weight.shape.length && down.shape.slice(1).join() === inner.join();
  const matrix = down.shape.slice(2).every((n) => n === 1);
  const fits =
    inner.length > 0 &&
    rank > 0 &&
    flat === wanted &&
    (kernels || matrix) &&
    up.shape[0] === out &&
    up.shape[1] === rank &&
    up.shape.slice(2).every((n) => n === 1) &&
    (mid === undefined || mid.shape.join() === [rank, rank, ...own.slice(1)].join());
  if (fits) {
    const ones = inner.slice(1).map(() => 1);
    const shaped = { down: { ...down, shape: [rank, ...inner] }, up: { ...up, shape: [out, rank, ...ones] } };
    return { rank, ...shaped, ...(mid === undefined ? {} : { mid }) };
  }
  if (rank === 0) throw refused(file.path, `${down.key} has no rows: its rank is 0`, down.key);
  const text = ({ shape }: WeightRef): string => `[${shape.join(", ")}]`;
  const shapes = `down ${text(down)}, up ${text(up)}, weight ${text(weight)}`;
  const made = foreignByMetadata(file) ?? "it was made for another architecture";
  throw refused(file.path, `${down.key} does not fit the checkpoint (${shapes}): ${made}`, down.key);
}
