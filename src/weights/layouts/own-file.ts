import type { WeightMap } from "../checkpoint.ts";
import type { SafetensorsFile } from "../safetensors.ts";

/** Kinds of files that a job may name beside its checkpoint, each for one part of a model. */
export const ownFileKinds = ["vae"] as const;

/** Such a kind, and how a file of it is recognised and read. */
export type OwnFile = Readonly<{
  kind: (typeof ownFileKinds)[number];
  /** What may stand before its names, first choice first, and the name that is looked for behind them. */
  prefixes: readonly string[];
  knownBy: string;
  /**
   * The tensors under the names that networks are drawn with, and what of the file is not used, a sentence each.
   *
   * @throws ModelError with what the file is instead, or what is wrong with its tensors
   */
  read: (file: SafetensorsFile) => Readonly<{ tensors: WeightMap; notes: readonly string[] }>;
  /** The sentence for a checkpoint that lacks the part where no file was named. */
  missing: string;
}>;
