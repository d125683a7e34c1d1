import type { GenerateParams } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import { patchedUntil } from "#/recipe/choose-refiner.ts";
import { stemOf } from "#/recipe/names.ts";
import { performanceModes } from "#/recipe/performance.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { expansionStyle } from "#/recipe/styles.ts";
import type { ImageMetadata } from "#/stores/metadata/metadata.ts";
import { imageInputOf } from "./image-input.ts";

/** What a text about a making is written with. */
export type MetadataOptions = Readonly<{
  catalog: Catalog;
  hashes: Pick<ModelHashes, "of">;
  createdBy: string;
  /** Adaptive CFG is mentioned where it differs from this. */
  defaultAdaptiveCfg: number;
}>;

/** What readers of the reference's pictures look for. */
const version = "Fooocus v2.5.5";
const hashDigits = 10;

/** All that is known of the making of image number `image`, in the words of a picture's metadata. */
export async function imageMetadata(
  params: GenerateParams,
  { recipe, written }: Resolved,
  image: number,
  { catalog, hashes, createdBy, defaultAdaptiveCfg }: MetadataOptions,
): Promise<ImageMetadata> {
  const hashOf: HashOf = async (kind, name) => {
    const path = catalog.path(kind, name);
    return path === undefined ? "" : (await hashes.of(path)).slice(0, hashDigits);
  };
  const loras = recipe.loras.map(async ({ name, weight }) => ({
    name: stemOf(name),
    weight,
    hash: await hashOf("loras", name),
  }));
  const said = written[image];
  const spec = recipe.images[image];
  const { guidance, freeU, refiner } = recipe;
  const imageInput = imageInputOf(params);
  // Such a mode forces this value too; the recipe holds the step only.
  const patched = recipe.patch !== undefined && refiner?.name === null;
  const distilled = "distilled" in performanceModes[params.performance_selection];
  return {
    prompt: said?.prompt ?? params.prompt,
    negativePrompt: said?.negativePrompt ?? params.negative_prompt,
    promptExpansion: said?.expansion ?? "",
    styles: [...(said?.expansion === undefined ? [] : [expansionStyle]), ...(said?.styles ?? [])],
    performance: params.performance_selection,
    steps: recipe.steps,
    width: recipe.size.width,
    height: recipe.size.height,
    guidanceScale: guidance.cfg,
    sharpness: guidance.sharpness,
    adm: { positive: guidance.admPositive, negative: guidance.admNegative, end: guidance.admEnd },
    baseModel: stemOf(recipe.base),
    baseModelHash: await hashOf("checkpoints", recipe.base),
    ...(await refinerFacts(refiner, params, hashOf)),
    refinerSwitch: patched ? patchedUntil : distilled ? 1 : params.refiner_switch,
    ...(guidance.adaptiveCfg === defaultAdaptiveCfg ? {} : { adaptiveCfg: guidance.adaptiveCfg }),
    clipSkip: recipe.clipSkip,
    ...(freeU === null ? {} : { freeu: [freeU.b1, freeU.b2, freeU.s1, freeU.s2] }),
    sampler: recipe.sampler,
    scheduler: recipe.schedule,
    vae: recipe.vae === null ? params.vae_name : stemOf(recipe.vae),
    seed: spec?.seed ?? params.image_seed,
    ...(recipe.precision === "full" ? {} : { precision: recipe.precision }),
    ...(recipe.cache === undefined ? {} : { cache: recipe.cache }),
    ...(guidance.until === undefined ? {} : { cfgUntil: guidance.until }),
    loras: await Promise.all(loras),
    fullPrompt: spec?.positive.texts ?? [],
    fullNegativePrompt: spec?.negative.texts ?? [],
    ...(imageInput === undefined ? {} : { imageInput }),
    createdBy,
    version,
  };
}

type HashOf = (kind: ModelKind, name: string) => Promise<string>;

/** What is said of a model that took over; of one that did not, that it is none. */
async function refinerFacts(
  refiner: Recipe["refiner"],
  { overwrite_switch }: GenerateParams,
  hashOf: HashOf,
): Promise<
  Pick<ImageMetadata, "refinerModel" | "refinerModelHash" | "overwriteSwitch" | "refinerSwapMethod">
> {
  if (refiner === null || refiner.name === null) return { refinerModel: "None" };
  return {
    refinerModel: stemOf(refiner.name),
    refinerModelHash: await hashOf("checkpoints", refiner.name),
    ...(overwrite_switch > 0 ? { overwriteSwitch: overwrite_switch } : {}),
    ...(refiner.swap === "joint" ? {} : { refinerSwapMethod: refiner.swap }),
  };
}
