import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { readWeight } from "../read-weights.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import type { AdapterSizes } from "./ip-adapter.ts";

/** The file's one tensor. */
const key = "data";

/** Most numbers of it that are read: real files have 16 tokens of 2048. */
const most = 1 << 20;

/** Tokens of a picture [1, T, D]. */
export type ImageTokens = Readonly<{ dims: readonly [1, number, number]; data: Float32Array }>;

/**
 * Tokens for the negative branch, as Fooocus has them in a file of their own.
 *
 * @returns nothing where the adapter makes tokens of another number or width
 * @throws ModelError `layout-unsupported` where the file is none, `header-invalid` where they are no numbers
 */
export function negativeTokens(file: WeightFile, adapter: AdapterSizes): ImageTokens | undefined {
  const ref = negativeRef(file);
  const [, tokens = 0, context = 0] = ref.shape;
  if (tokens !== adapter.tokens || context !== adapter.context) return undefined;
  const data = readWeight(ref);
  if (data.every(Number.isFinite)) return { dims: [1, tokens, context], data };
  const message = `${basename(file.path)} holds values that are not numbers. Get the file again.`;
  throw new ModelError("header-invalid", message, { path: file.path, key });
}

/**
 * What is to be told of a file that {@link negativeTokens} has nothing of.
 *
 * @throws ModelError `layout-unsupported` where the file is none
 */
export function negativeNotes(file: WeightFile, { tokens, context }: AdapterSizes): readonly string[] {
  const [, count, width] = negativeRef(file).shape;
  if (count === tokens && width === context) return [];
  return [
    `${basename(file.path)} has ${count} tokens, ${width} wide, and the adapter makes ${tokens} of ${context}: the negative branch is told of nothing as the published IP-Adapter does.`,
  ];
}

function negativeRef({ path, tensors }: WeightFile): WeightRef {
  const ref = tensors.get(key);
  const values = ref?.shape.reduce((product, n) => product * n, 1) ?? 0;
  const floats = ref !== undefined && ["F32", "F16", "BF16"].includes(ref.dtype);
  if (floats && ref.shape.length === 3 && ref.shape[0] === 1 && values <= most) return ref;
  const message = `${basename(path)} is not Fooocus' file for the negative branch of image prompts: it has no floats ${key} of the shape [1, 16, 2048].`;
  throw new ModelError("layout-unsupported", message, { path });
}
