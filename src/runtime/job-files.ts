import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import { type SampledAs, sampledAs } from "#/weights/layouts/parameterisation.ts";
import {
  type Located,
  locatePart,
  type OwnFile,
  ownFileKinds,
  type PartSource,
} from "#/weights/layouts/part-source.ts";
import { checkRefiner, refinerCheckpoint } from "#/weights/layouts/refiner.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { type LoraUse, readLoras } from "./lora-set.ts";

/** Real paths of what a job needs. */
export type ModelPaths = Readonly<{
  base: string;
  /** What the file beside the checkpoint says of how it is sampled. */
  sampledAs?: SampledAs | undefined;
  /** The checkpoint whose UNet takes over, and what the file beside it says. */
  refiner?: Readonly<{ path: string; sampledAs?: SampledAs | undefined }> | undefined;
  loras: readonly Readonly<{ path: string; weight: number }>[];
}> &
  /** Files of their own, such as a VAE that is to be used instead of the checkpoint's. */
  Readonly<Partial<Record<OwnFile["kind"], string | undefined>>>;

/** What the headers of one model's files say. */
export type ModelParts = Readonly<{
  checkpoint: Checkpoint;
  /** Those that change it. */
  loras: readonly LoraUse[];
  /** @throws ModelError if the part is in none of the files, or its own file is not what it should be */
  locate: (source: PartSource) => Located;
}>;

/** What the headers of a job's files say. */
export type JobFiles = ModelParts & Readonly<{ refiner: ModelParts | undefined }>;

/** Every file that a job names. */
export const filesOf = (paths: ModelPaths): readonly string[] => [
  paths.base,
  ...(paths.refiner === undefined ? [] : [paths.refiner.path]),
  ...ownFileKinds.flatMap((kind) => paths[kind] ?? []),
  ...paths.loras.map(({ path }) => path),
];

/**
 * Reads the headers of a job's files, each once.
 *
 * @param needed parts that must be there
 * @throws ModelError if a file is not what it should be, or a part that is needed is in none
 */
export function readJobFiles(paths: ModelPaths, needed: readonly PartSource[]): JobFiles {
  const checkpoint = sampledAs(sdxlCheckpoint(openWeights(paths.base)), paths.sampledAs);
  const located = new Map<PartSource, Located>();
  const locate = (source: PartSource): Located => {
    const { ownFile } = source;
    const known = located.get(source);
    if (known !== undefined) return known;
    const path = ownFile === undefined ? undefined : paths[ownFile.kind];
    const found = locatePart(source, checkpoint, path === undefined ? undefined : openWeights(path));
    located.set(source, found);
    return found;
  };
  for (const source of needed) locate(source);
  const refiner = readRefiner(paths, checkpoint);
  return { checkpoint, loras: readLoras(paths.loras, checkpoint), locate, refiner };
}

/** LoRAs act on a refiner as far as they fit it: only what was made for SDXL's base fits the job's base, too. */
function readRefiner({ refiner, loras }: ModelPaths, base: Checkpoint): ModelParts | undefined {
  if (refiner === undefined) return undefined;
  const checkpoint = sampledAs(refinerCheckpoint(openWeights(refiner.path)), refiner.sampledAs);
  checkRefiner(checkpoint, base);
  const fitting = checkpoint.family === "sdxl-base" ? loras.filter((lora) => fits(lora, checkpoint)) : [];
  return {
    checkpoint,
    loras: readLoras(fitting, checkpoint),
    locate: (source) => locatePart(source, checkpoint, undefined),
  };
}

function fits(lora: ModelPaths["loras"][number], checkpoint: Checkpoint): boolean {
  try {
    readLoras([lora], checkpoint);
    return true;
  } catch (thrown) {
    if (thrown instanceof ModelError && thrown.code === "lora-unsupported") return false;
    throw thrown;
  }
}
