import { basename } from "node:path";
import { BugError, ModelError } from "#/lib/errors.ts";
import type { Checkpoint, WeightMap } from "../checkpoint.ts";
import type { FileStamp } from "../stamp.ts";
import type { WeightFile } from "../weight-file.ts";
import type { CheckpointPart } from "./parts.ts";

/**
 * Kinds of files that a job may name beside its checkpoint, each for one part of a model: the folders below `models/` that
 * hold such files.
 */
export const ownFileKinds = [
  "vae",
  "vae_approx",
  "controlnet",
  "clip_vision",
  "inpaint",
  "upscale_models",
  "prompt_expansion",
] as const;
export type OwnFileKind = (typeof ownFileKinds)[number];

/** Such a kind, and how a file of it is recognised and read. */
export type OwnFile = Readonly<{
  kind: OwnFileKind;
  /** What may stand before its names, first choice first, and the name that is looked for behind them. */
  prefixes: readonly string[];
  knownBy: string;
  /**
   * The tensors under the names that networks are drawn with, and what of the file is not used, a sentence each.
   *
   * @throws ModelError with what the file is instead, or what is wrong with its tensors
   */
  read: (file: WeightFile) => Readonly<{ tensors: WeightMap; notes: readonly string[] }>;
  /** The sentence for a checkpoint that lacks the part where no file was named. */
  missing: string;
}>;

/** Where a part of a model may lie: in a file of its own if there is one, else in the checkpoint. */
export type PartSource = Readonly<{ checkpoint?: CheckpointPart; ownFile?: OwnFile }>;

/** A part of a model: its file, its tensors under the names that networks are drawn with, and what of its own file is not used. */
export type Located = Readonly<{ file: FileStamp; tensors: WeightMap; notes: readonly string[] }>;

/**
 * Finds a part of a model.
 *
 * @param file the one of its own kind, if one was chosen
 * @throws ModelError `weight-missing` where it is in neither, else as {@link OwnFile.read}
 */
export function locatePart(
  { checkpoint: part, ownFile }: PartSource,
  checkpoint: Checkpoint,
  file: WeightFile | undefined,
): Located {
  if (ownFile !== undefined && file !== undefined) return { file, ...ownFile.read(file) };
  const tensors = part === undefined ? undefined : checkpoint[part.name];
  if (tensors !== undefined && tensors.size > 0) return { file: checkpoint, tensors, notes: [] };
  const { path } = checkpoint;
  if (ownFile === undefined) throw new BugError("A part of a model has no source.", { path });
  const message = `${basename(path)} ${ownFile.missing}`;
  throw new ModelError("weight-missing", message, { path, part: ownFile.kind });
}
