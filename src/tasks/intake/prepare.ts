import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import type { Log } from "#/lib/log.ts";
import { writeKeptRecipe } from "#/recipe/kept-recipe.ts";
import { withKnownNames } from "#/recipe/known-names.ts";
import type { Resolved, World } from "#/recipe/resolve.ts";
import type { DiskReserve } from "#/stores/disk-reserve.ts";
import type { Considered } from "./consider.ts";
import { diskNeed } from "./disk-need.ts";
import type { InputOptions } from "./image-source.ts";
import type { InputSizes } from "./input-sizes.ts";
import { hasPictures, takeInputs } from "./inputs.ts";

/** A request that was taken: filled, what its client must be told of the picture it will get, and its recipe to keep. */
export type Prepared = Readonly<{ params: GenerateParams; warnings: readonly string[]; recipe: string }>;

/** How leniently the API reads by which a request came in. */
export type ReadingRules = Readonly<{
  /** What becomes of a name (a model's, a style's) that nobody here knows. */
  unknownNames: "refused" | "replaced";
}>;

/** What takes requests. */
export type Preparation = Readonly<{
  /** Fills a request and refuses what cannot be made. */
  considered: (request: GenerateRequest) => Promise<Considered>;
  inputOptions: () => InputOptions;
  /** Sizes of inputs, for what is resolved. */
  sizes: Pick<InputSizes, "look">;
  /** Room for what is accepted; throws EngineError `disk-full`. */
  disk: Pick<DiskReserve, "require">;
}>;

/** What takes requests also where unknown names are replaced, which is told to the log. */
export type LenientPreparation = Preparation & Readonly<{ world: () => World; log: Pick<Log, "warn"> }>;

/**
 * Takes a request: fills it, refuses what cannot be made as far as its words and its files' headers tell, and takes its
 * images in last, so that they are kept only of a request that can be made.
 *
 * @throws RequestError, EngineError `disk-full`
 */
export async function prepare(request: GenerateRequest, parts: Preparation): Promise<Prepared> {
  const { resolved, ...taken } = await withPictures(await parts.considered(request), parts);
  return { ...taken, recipe: writeKeptRecipe(resolved) };
}

/**
 * Takes in the images of a request that can be made.
 *
 * @throws RequestError, EngineError `disk-full`
 */
export async function withPictures(
  considered: Considered,
  parts: Omit<Preparation, "considered">,
): Promise<Omit<Prepared, "recipe"> & Readonly<{ resolved: Resolved }>> {
  const { params, resolveTaken } = considered;
  const outputs = diskNeed(params, considered.resolved);
  parts.disk.require({ outputs, inputs: 0 });
  const taken = await takeInputs(params, {
    ...parts.inputOptions(),
    require: (inputs) => parts.disk.require({ outputs, inputs }),
  });
  await parts.sizes.look(taken.meant);
  const { resolved, warnings } = hasPictures(params) ? resolveTaken(taken.meant) : considered;
  return {
    params: taken.params,
    warnings: [...warnings, ...taken.warnings],
    resolved,
  };
}

/**
 * Takes a request by the rules of the door it came in by.
 *
 * @throws RequestError as {@link prepare}
 */
export async function prepareBy(
  { unknownNames }: ReadingRules,
  request: GenerateRequest,
  parts: LenientPreparation,
): Promise<Prepared> {
  switch (unknownNames) {
    case "refused":
      return await prepare(request, parts);
    case "replaced":
      return await withReplacedNames(request, parts);
  }
}

/**
 * Names that nobody knows give way to the defaults. The answers of a door that wants it so may have no place for warnings,
 * so the log says it as well as the record.
 */
async function withReplacedNames(request: GenerateRequest, parts: LenientPreparation): Promise<Prepared> {
  const { kept, replaced } = withKnownNames(request, parts.world());
  const prepared = await prepare(kept, parts);
  if (replaced.length === 0) return prepared;
  parts.log.warn("names that nobody here knows gave way to the defaults", { replaced: replaced.join(", ") });
  const warning = `Names that nobody here knows gave way to the defaults: ${replaced.join(", ")}.`;
  return { ...prepared, warnings: [warning, ...prepared.warnings] };
}
