import { readSafetensors } from "#/weights/safetensors.ts";
import { goldenPath } from "./golden.ts";

/** What shows that an entry of a table computes what the reference computes. */
export type Proof = Readonly<{
  /** What the table holds, as a word. */
  what: string;
  /** Where its tensors lie, below `test/golden`, and who writes them. */
  file: string;
  script: string;
  /** The tensor that an entry must have there. */
  key: (name: string) => string;
}>;

/** Names of all tensors of a golden file. */
export const goldenKeys = (file: string): ReadonlySet<string> =>
  new Set(readSafetensors(goldenPath(file)).tensors.keys());

/**
 * Walks a table and says of every entry that no golden proves what is to be made. An entry whose method is that of a proven
 * one is proven with it: several names of the contract mean the same walk.
 *
 * @param methodOf what an entry computes with
 * @param keys     names of the tensors there are
 */
export function unproven<Entry>(
  table: Readonly<Record<string, Entry>>,
  methodOf: (entry: Entry) => unknown,
  keys: ReadonlySet<string>,
  { what, file, script, key }: Proof,
): readonly string[] {
  const isProven = (name: string): boolean => keys.has(key(name));
  const proven = new Set(
    Object.entries(table)
      .filter(([name]) => isProven(name))
      .map(([, entry]) => methodOf(entry)),
  );
  return Object.entries(table)
    .filter(([, entry]) => !proven.has(methodOf(entry)))
    .map(
      ([name]) =>
        `Nothing shows that the ${what} ${name} computes what the reference does: add it to ${script} and run that, ` +
        `so that test/golden/${file} has the tensor ${key(name)}.`,
    );
}
