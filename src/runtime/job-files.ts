import type { Checkpoint } from "#/weights/checkpoint.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import {
  type Located,
  locatePart,
  type OwnFileKind,
  ownFileKinds,
  type PartSource,
} from "#/weights/layouts/part-source.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { type Inversions, readInversions } from "./inversions.ts";
import { type LoraUse, readLoras } from "./lora-set.ts";

/** Real paths of what a job needs. */
export type ModelPaths = Readonly<{
  base: string;
  /** What the file beside the checkpoint says of how it is sampled. */
  sampledAs?: SampledAs | undefined;
  loras: readonly Readonly<{ path: string; weight: number }>[];
  /** Textual inversions, and what prompts call them. */
  inversions?: readonly Readonly<{ said: string; path: string }>[] | undefined;
}> &
  /** Files of their own, such as a VAE that is to be used instead of the checkpoint's. */
  Readonly<Partial<Record<OwnFileKind, string | undefined>>>;

/** What the headers of a job's files say. */
export type JobFiles = Readonly<{
  checkpoint: Checkpoint;
  loras: readonly LoraUse[];
  inversions: Inversions;
  /** Of which kinds the job names files beside its checkpoint. */
  own: Readonly<Partial<Record<OwnFileKind, boolean>>>;
  /** The file for previews, if one was named. @throws ModelError if it cannot be read */
  preview: () => WeightFile | undefined;
  /** @throws ModelError if the part is in none of the files, or its own file is not what it should be */
  locate: (source: PartSource) => Located;
}>;

/** Every file that a job names. */
export const filesOf = (paths: ModelPaths): readonly string[] => [
  paths.base,
  ...ownFileKinds.flatMap((kind) => paths[kind] ?? []),
  ...paths.loras.map(({ path }) => path),
  ...(paths.inversions ?? []).map(({ path }) => path),
];

/**
 * Reads the headers of a job's files, each once.
 *
 * @param needed parts that must be there
 * @throws ModelError if a file is not what it should be, or a part that is needed is in none
 */
export function readJobFiles(paths: ModelPaths, needed: readonly PartSource[]): JobFiles {
  const checkpoint = sampledAs(sdxlCheckpoint(openWeights(paths.base)), paths.sampledAs);
  const opened = new Map<OwnFileKind, WeightFile>();
  const own = (kind: OwnFileKind): WeightFile | undefined => {
    const path = paths[kind];
    const file = opened.get(kind) ?? (path === undefined ? undefined : openWeights(path));
    if (file !== undefined) opened.set(kind, file);
    return file;
  };
  const located = new Map<PartSource, Located>();
  const locate = (source: PartSource): Located => {
    const { ownFile } = source;
    const file = ownFile === undefined ? undefined : own(ownFile.kind);
    const found = located.get(source) ?? locatePart(source, checkpoint, file);
    located.set(source, found);
    return found;
  };
  for (const source of needed) locate(source);
  // A file for previews that cannot be read is no reason to make no picture: it is opened when a preview is made.
  const named = ownFileKinds.filter((kind) => kind !== "vae_approx" && own(kind) !== undefined);
  return {
    checkpoint,
    loras: readLoras(paths.loras, checkpoint),
    inversions: readInversions(paths.inversions ?? [], checkpoint),
    own: Object.fromEntries(named.map((kind) => [kind, true])),
    preview: () => own("vae_approx"),
    locate,
  };
}
