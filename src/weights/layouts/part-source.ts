import { basename } from "node:path";
import { BugError, ModelError } from "#/lib/errors.ts";
import type { Checkpoint, WeightMap } from "../checkpoint.ts";
import type { Difference } from "../differences.ts";
import type { LoraChanges } from "../lora/change.ts";
import type { LoraBranches } from "../lora/lora.ts";
import type { FileStamp } from "../stamp.ts";
import type { WeightFile } from "../weight-file.ts";
import type { CheckpointPart } from "./parts.ts";

/**
 * Kinds of files that a job may name beside its checkpoint, each for one part of a model. Most are called as the folder below
 * `models/` that holds such files; those of image prompts but for the tower lie with the ControlNets.
 */
export const ownFileKinds = [
  "vae",
  "vae_approx",
  "controlnet",
  "clip_vision",
  "ip_adapter",
  "ip_negative",
  "inpaint",
  "upscale_models",
  "prompt_expansion",
  "safety_checker",
  "sam",
  "face_detector",
  "detector",
] as const;
export type OwnFileKind = (typeof ownFileKinds)[number];

/**
 * Those of which a job may name several, each asked for by its place among them; the tower at a place reads pictures for the
 * adapter there.
 */
export const severalKinds = [
  "controlnet",
  "ip_adapter",
  "clip_vision",
] as const satisfies readonly OwnFileKind[];
export type SeveralKind = (typeof severalKinds)[number];

/** What of a part is not its own file's: tensors of the base model's UNet, as a job has changed them. */
export type OnBase = Readonly<{
  checkpoint: Pick<Checkpoint, "path" | "stamp" | "unet">;
  /** Names of the tensors that are the base model's: on these act the job's LoRAs and its patch. */
  shared: ReadonlySet<string>;
  /** What the file adds to them at full strength: factors beside modules, changes of weights, and differences to tensors. */
  branches?: LoraBranches;
  changes?: LoraChanges;
  differences?: ReadonlyMap<string, readonly Difference[]>;
}>;

/** What a file of its own has for a part: tensors under the names that networks are drawn with, and what is not used of it. */
export type OwnPart = Readonly<{ tensors: WeightMap; notes: readonly string[]; base?: OnBase }>;

/** Such a kind, and how a file of it is recognised and read. */
export type OwnFile = Readonly<{
  kind: OwnFileKind;
  /** What may stand before its names, first choice first, and the name that is looked for behind them. */
  prefixes: readonly string[];
  knownBy: string;
  /**
   * What it has, for a base model; what of the file is not used is a sentence each.
   *
   * @throws ModelError with what the file is instead, or what is wrong with its tensors
   */
  read: (file: WeightFile, checkpoint: Checkpoint) => OwnPart;
  /** The sentence for a checkpoint that lacks the part where no file was named. */
  missing: string;
}>;

/** Where a part of a model may lie: in a file of its own if there is one, else in the checkpoint. */
export type PartSource = Readonly<{ checkpoint?: CheckpointPart; ownFile?: OwnFile }>;

/** A part of a model, and its file. */
export type Located = OwnPart & Readonly<{ file: FileStamp }>;

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
  if (ownFile !== undefined && file !== undefined) return { file, ...ownFile.read(file, checkpoint) };
  const tensors = part === undefined ? undefined : checkpoint[part.name];
  if (tensors !== undefined && tensors.size > 0) return { file: checkpoint, tensors, notes: [] };
  const { path } = checkpoint;
  if (ownFile === undefined) throw new BugError("A part of a model has no source.", { path });
  const message = `${basename(path)} ${ownFile.missing}`;
  throw new ModelError("weight-missing", message, { path, part: ownFile.kind });
}
