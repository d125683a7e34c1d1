import { basename } from "node:path";
import { BugError, ModelError } from "#/lib/errors.ts";
import type { Network } from "#/networks/network.ts";
import type { Checkpoint, WeightMap } from "#/weights/checkpoint.ts";
import { type OwnFile, ownFileKinds } from "#/weights/layouts/own-file.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import { type LoraUse, readLoras } from "./lora-set.ts";

/** Real paths of what a job needs. */
export type ModelPaths = Readonly<{
  base: string;
  /** What the file beside the checkpoint says of how it is sampled. */
  sampledAs?: SampledAs | undefined;
  loras: readonly Readonly<{ path: string; weight: number }>[];
}> &
  /** Files of their own for parts that the checkpoint has too, such as a VAE. */
  Readonly<Partial<Record<OwnFile["kind"], string | undefined>>>;

/** A part of a model: its file, and its tensors under the names that networks are drawn with. */
export type Located = Readonly<{ file: FileStamp; tensors: WeightMap }>;

/** What the headers of a job's files say. */
export type JobFiles = Readonly<{
  checkpoint: Checkpoint;
  loras: readonly LoraUse[];
  /** @throws ModelError if the network's part is in none of the files, or its own file is not what it should be */
  locate: (from: Network["from"]) => Located;
}>;

/** Every file that a job names. */
export const filesOf = (paths: ModelPaths): readonly string[] => [
  paths.base,
  ...ownFileKinds.flatMap((kind) => paths[kind] ?? []),
  ...paths.loras.map(({ path }) => path),
];

/**
 * Reads the headers of a job's files; each file of its own at its first use.
 *
 * @param needed parts that must be there
 * @throws ModelError if a file is not what it should be, or a part that is needed is in none
 */
export function readJobFiles(paths: ModelPaths, needed: readonly Network["from"][]): JobFiles {
  const checkpoint = sampledAs(sdxlCheckpoint(readSafetensors(paths.base)), paths.sampledAs);
  const read = new Map<OwnFile["kind"], Located>();
  const own = ({ kind, ...ownFile }: OwnFile): Located | undefined => {
    const path = paths[kind];
    const known = read.get(kind);
    if (path === undefined || known !== undefined) return known;
    const file = readSafetensors(path);
    const located = { file, tensors: ownFile.read(file).tensors };
    read.set(kind, located);
    return located;
  };
  const locate = ({ checkpoint: part, ownFile }: Network["from"]): Located => {
    const chosen = ownFile === undefined ? undefined : own(ownFile);
    if (chosen !== undefined) return chosen;
    const tensors = part === undefined ? undefined : checkpoint[part.name];
    if (tensors !== undefined && tensors.size > 0) return { file: checkpoint, tensors };
    throw missing(checkpoint, ownFile);
  };
  for (const from of needed) locate(from);
  return { checkpoint, loras: readLoras(paths.loras, checkpoint), locate };
}

function missing({ path }: Checkpoint, ownFile: OwnFile | undefined): ModelError | BugError {
  if (ownFile === undefined) return new BugError("A network is drawn from no file at all.");
  const details = { path, part: ownFile.kind };
  return new ModelError("weight-missing", `${basename(path)} ${ownFile.missing}`, details);
}
