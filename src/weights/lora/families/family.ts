import type { WeightFile, WeightRef } from "../../weight-file.ts";
import type { LoraChange } from "../change.ts";
import { refused } from "../refused.ts";
import type { Target } from "../targets.ts";

/** One module in a file: its tensors of one family. */
export type Found = Readonly<{
  file: WeightFile;
  target: Target;
  /** The module's bias in the checkpoint, if it has one. */
  bias: WeightRef | undefined;
  /** By the names that {@link Family.keys} give them. */
  parts: ReadonlyMap<string, WeightRef>;
  /** The file's own alpha of this module. */
  alpha: number | undefined;
  /** alpha over the rank, by the file or by its configuration; 1 where nobody says. */
  scale: (rank: number | undefined) => number;
}>;

/** What a module's weight and bias become. */
export type Changes = Readonly<{ weight?: readonly LoraChange[]; bias?: readonly LoraChange[] }>;

/** A way to change weights, in a file of its own here; `index.ts` is the table of them. */
export type Family = Readonly<{
  /** For people. */
  name: string;
  /** The ends of its keys; the group `part` is what {@link Found.parts} calls it. */
  keys: RegExp;
  /** Whether its parts are scaled by alpha. */
  scaled: boolean;
  /** Whether it may stand beside another in one module. */
  beside?: true;
  /** @throws ModelError `lora-unsupported` where the tensors do not fit each other or the module */
  read: (found: Found) => Changes;
}>;

/** A part that a module cannot do without. */
export function part({ file, parts, target }: Found, name: string): WeightRef {
  const found = parts.get(name);
  if (found !== undefined) return found;
  const [other] = parts.values();
  throw refused(file.path, `${other?.key ?? target.module} stands without its ${name}`, other?.key);
}

/** The error for a tensor that does not fit its module. */
export function misfit({ file, target }: Found, ref: WeightRef) {
  const shapes = `[${ref.shape.join(", ")}], weight [${target.weight.shape.join(", ")}]`;
  const why = `${ref.key} does not fit the checkpoint (${shapes}): it was made for another architecture`;
  return refused(file.path, why, ref.key);
}

/** Rows and columns of a module's weight as a matrix, and how large its kernel is. */
export function sizes({ target }: Found): Readonly<{ out: number; input: number; area: number; n: number }> {
  const [out = 0, input = 1, ...kernel] = target.weight.shape;
  const area = kernel.reduce((product, side) => product * side, 1);
  return { out, input, area, n: input * area };
}

/** Number of values. */
export const count = ({ shape }: WeightRef): number => shape.reduce((product, n) => product * n, 1);

/**
 * Checks that a tensor is so many rows of so many values.
 *
 * @throws ModelError `lora-unsupported` where it is not
 */
export function matrix(found: Found, ref: WeightRef, rows: number, columns: number): WeightRef {
  // Whole numbers are quantised values: their scales are kept in ways of their own.
  if (!/^B?F\d/.test(ref.dtype))
    throw refused(found.file.path, `${ref.key} is of type ${ref.dtype}, which no factor has`, ref.key);
  if (rows > 0 && ref.shape[0] === rows && count(ref) === rows * columns) return ref;
  throw misfit(found, ref);
}
