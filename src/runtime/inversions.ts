import { basename } from "node:path";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import { type InversionVectors, readInversion, textWidths } from "#/weights/layouts/textual-inversion.ts";
import { openWeights } from "#/weights/open-weights.ts";

/** A job's textual inversions: a few vectors each, read when the job is opened. */
export type Inversions = Readonly<{
  /** By what prompts call them. */
  vectors: ReadonlyMap<string, Pick<InversionVectors, "l" | "g">>;
  /** Each as the file was, for what is kept of texts that were encoded with it. */
  keys: readonly string[];
}>;

/** @throws ModelError as {@link openWeights} and {@link readInversion} */
export function readInversions(
  uses: readonly Readonly<{ said: string; path: string }>[],
  checkpoint: Checkpoint,
): Inversions {
  const vectors = new Map<string, Pick<InversionVectors, "l" | "g">>();
  const keys: string[] = [];
  for (const { said, path } of uses) {
    const file = openWeights(path);
    vectors.set(said, readInversion(file, textWidths(checkpoint), basename(checkpoint.path)));
    keys.push(`${said}=${file.path}:${file.stamp}`);
  }
  return { vectors, keys };
}
