import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import type { Differences } from "#/weights/differences.ts";
import { checkHeadFits, inpaintHeadSource } from "#/weights/layouts/inpaint-head.ts";
import { readInpaintPatch } from "#/weights/layouts/inpaint-patch.ts";
import { interposerFile } from "#/weights/layouts/interposer.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import {
  type Located,
  locatePart,
  type OwnFileKind,
  ownFileKinds,
  type PartSource,
  type SeveralKind,
  severalKinds,
} from "#/weights/layouts/part-source.ts";
import { checkRefiner, refinerCheckpoint } from "#/weights/layouts/refiner.ts";
import { openWeights } from "#/weights/open-weights.ts";
import type { FileStamp } from "#/weights/stamp.ts";
import type { WeightFile } from "#/weights/weight-file.ts";
import { type Inversions, readInversions } from "./inversions.ts";
import { type ReadCheckpoint, readCheckpoint } from "./known-checkpoints.ts";
import type { ReadLora } from "./known-loras.ts";
import { type LoraUse, readLoras } from "./lora-set.ts";

/** Real paths of what takes over from a job's checkpoint. */
type RefinerPaths = Readonly<{
  path: string;
  sampledAs?: SampledAs | undefined;
  /** What lies between the latents of SDXL and of Stable Diffusion 1.x, if it is there. */
  interposer?: string | undefined;
}>;

/** Real paths of what a job needs. */
export type ModelPaths = Readonly<{
  base: string;
  /** What the file beside the checkpoint says of how it is sampled. */
  sampledAs?: SampledAs | undefined;
  /** The checkpoint that takes over. */
  refiner?: RefinerPaths | undefined;
  loras: readonly Readonly<{ path: string; weight: number }>[];
  /** What is added to the denoising network's weights for the hole in a picture. */
  patch?: string | undefined;
  /** Textual inversions, and what prompts call them. */
  inversions?: readonly Readonly<{ said: string; path: string }>[] | undefined;
}> &
  /** Files of their own, such as a VAE that is to be used instead of the checkpoint's. */
  Readonly<Partial<Record<SingleKind, string | undefined>>> &
  Readonly<Partial<Record<SeveralKind, readonly string[]>>>;

type SingleKind = Exclude<OwnFileKind, SeveralKind>;

/** An inpaint patch: its file, and the differences by the names of the tensors that they are to. */
export type Patch = Readonly<{ file: FileStamp; differences: Differences }>;

/** What the headers of one model's files say. */
export type ModelParts = Readonly<{
  checkpoint: Checkpoint;
  /** Those that change it. */
  loras: readonly LoraUse[];
  inversions: Inversions;
  /** What is added to the weights of the denoising network, and the file that has it. */
  patch?: Patch | undefined;
  /** Of which kinds the job names files beside its checkpoint. */
  own: Readonly<Partial<Record<OwnFileKind, boolean>>>;
  /** The file for previews, if one was named. @throws ModelError if it cannot be read */
  preview: () => WeightFile | undefined;
  /** The file of what image prompts say in the negative branch, if one was named. */
  negative: () => WeightFile | undefined;
  /**
   * @param at which file, of a kind of which there may be several; the first where it is left out
   * @throws ModelError if the part is in none of the files, or its own file is not what it should be
   */
  locate: (source: PartSource, at?: number) => Located;
}>;

/** Those of the model that takes over, and of what lies between, where it is another space of latents. */
type RefinerParts = Omit<ModelParts, "inversions"> & Readonly<{ interposer: () => Located }>;

/** What the headers of a job's files say. */
export type JobFiles = ModelParts & Readonly<{ refiner: RefinerParts | undefined }>;

/** How files are read of which some are known. */
export type KnownFiles = Readonly<{ checkpoint?: ReadCheckpoint; loras?: ReadLora }>;

/** The files of a kind that a job names. */
export function pathsOfKind(paths: ModelPaths, kind: OwnFileKind): readonly string[] {
  if (isSeveral(kind)) return paths[kind] ?? [];
  const path = paths[kind];
  return path === undefined ? [] : [path];
}

/** Whether a job may name several files of a kind. */
export const isSeveral = (kind: OwnFileKind): kind is SeveralKind => severalKinds.some((one) => one === kind);

/** Every file that a job names. */
export const filesOf = (paths: ModelPaths): readonly string[] => [
  paths.base,
  ...(paths.refiner === undefined ? [] : [paths.refiner.path]),
  ...(paths.refiner?.interposer === undefined ? [] : [paths.refiner.interposer]),
  ...ownFileKinds.flatMap((kind) => pathsOfKind(paths, kind)),
  ...paths.loras.map(({ path }) => path),
  ...(paths.patch === undefined ? [] : [paths.patch]),
  ...(paths.inversions ?? []).map(({ path }) => path),
];

/**
 * Reads the headers of a job's files, each once.
 *
 * @param needed parts that must be there
 * @param known  how checkpoints and LoRAs are read, where some are known; left out each is read anew
 * @throws ModelError if a file is not what it should be, or a part that is needed is in none
 */
export function readJobFiles(
  paths: ModelPaths,
  needed: readonly PartSource[],
  { checkpoint: read = readCheckpoint, loras }: KnownFiles = {},
): JobFiles {
  const checkpoint = sampledAs(read(paths.base), paths.sampledAs);
  const opened = new Map<string, WeightFile>();
  const own = (kind: OwnFileKind, at = 0): WeightFile | undefined => {
    const path = pathsOfKind(paths, kind)[at];
    if (path === undefined) return undefined;
    const file = opened.get(path) ?? openWeights(path);
    opened.set(path, file);
    return file;
  };
  const located = new Map<PartSource, Map<number, Located>>();
  const locate = (source: PartSource, at = 0): Located => {
    const { ownFile } = source;
    const places = located.get(source) ?? new Map<number, Located>();
    const file = ownFile === undefined ? undefined : own(ownFile.kind, at);
    const found = places.get(at) ?? locatePart(source, checkpoint, file);
    located.set(source, places.set(at, found));
    return found;
  };
  for (const source of needed) locate(source);
  if (paths.inpaint !== undefined) checkHeadFits(locate(inpaintHeadSource).tensors, checkpoint);
  // A file for previews that cannot be read is no reason to make no picture: it is opened when a preview is made.
  const named = ownFileKinds.filter((kind) => kind !== "vae_approx" && own(kind) !== undefined);
  return {
    checkpoint,
    loras: readLoras(paths.loras, checkpoint, loras),
    inversions: readInversions(paths.inversions ?? [], checkpoint),
    patch: readPatch(paths.patch, checkpoint),
    own: Object.fromEntries(named.map((kind) => [kind, true])),
    preview: () => own("vae_approx"),
    negative: () => own("ip_negative"),
    locate,
    refiner: readRefiner(paths, checkpoint, loras),
  };
}

function readPatch(path: string | undefined, checkpoint: Checkpoint): Patch | undefined {
  if (path === undefined) return undefined;
  const file = openWeights(path);
  return { file, differences: readInpaintPatch(file, checkpoint) };
}

/** LoRAs act on a refiner as far as they fit it: only what was made for SDXL's base fits the job's base, too. */
function readRefiner(
  { refiner, loras }: ModelPaths,
  base: Checkpoint,
  read: ReadLora | undefined,
): RefinerParts | undefined {
  if (refiner === undefined) return undefined;
  const checkpoint = sampledAs(refinerCheckpoint(openWeights(refiner.path)), refiner.sampledAs);
  checkRefiner(checkpoint, base);
  const fitting =
    checkpoint.family === "sdxl-base" ? loras.filter((lora) => fits(lora, checkpoint, read)) : [];
  return {
    checkpoint,
    loras: readLoras(fitting, checkpoint, read),
    own: {},
    preview: () => undefined,
    negative: () => undefined,
    locate: (source) => locatePart(source, checkpoint, undefined),
    interposer: () => {
      const file = refiner.interposer === undefined ? undefined : openWeights(refiner.interposer);
      return locatePart({ ownFile: interposerFile }, checkpoint, file);
    },
  };
}

function fits(
  lora: ModelPaths["loras"][number],
  checkpoint: Checkpoint,
  read: ReadLora | undefined,
): boolean {
  try {
    readLoras([lora], checkpoint, read);
    return true;
  } catch (thrown) {
    if (thrown instanceof ModelError && thrown.code === "lora-unsupported") return false;
    throw thrown;
  }
}
