import type { GenerateParams } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import { type EmbeddedText, formatNames, hasRoomFor } from "#/image/encode.ts";
import { performanceModes } from "#/recipe/performance.ts";
import { type Resolved, stemOf } from "#/recipe/resolve.ts";
import { writeA1111 } from "#/stores/metadata/a1111.ts";
import { writeFooocus } from "#/stores/metadata/fooocus.ts";
import type { ImageMetadata } from "#/stores/metadata/metadata.ts";

export type DescribeOptions = Readonly<{
  catalog: Catalog;
  hashes: Pick<ModelHashes, "of">;
  createdBy: string;
  /** Adaptive CFG is mentioned where it differs from this. */
  defaultAdaptiveCfg: number;
}>;

/** What readers of the reference's pictures look for. */
const version = "Fooocus v2.5.5";
const hashDigits = 10;

/** The text that goes into image number `image` of a task, in the scheme the request asks for. */
export async function describeImage(
  params: GenerateParams,
  resolved: Resolved,
  image: number,
  options: DescribeOptions,
): Promise<EmbeddedText> {
  const metadata = await metadataOf(params, resolved, image, options);
  const scheme = params.metadata_scheme;
  return { scheme, parameters: scheme === "a1111" ? writeA1111(metadata) : writeFooocus(metadata) };
}

/** As long as a hash, so that a text's length is known without reading a checkpoint for it. */
const anyHash = { of: async () => "0".repeat(64) };

/**
 * What to say where pictures have no room for the text about their making, which is left out then.
 *
 * @returns undefined if every picture of the task has room, or none is to have a text
 */
export async function roomWarning(
  params: GenerateParams,
  resolved: Resolved,
  options: Omit<DescribeOptions, "hashes">,
): Promise<string | undefined> {
  const format = formatNames[params.output_format];
  if (format !== "jpeg" || !params.save_metadata_to_images) return undefined;
  for (const image of resolved.recipe.images.keys()) {
    const text = await describeImage(params, resolved, image, { ...options, hashes: anyHash });
    if (hasRoomFor(format, text)) continue;
    return `The text about its making does not fit into a ${format.toUpperCase()} and is left out; output_format png or webp has room for it.`;
  }
  return undefined;
}

async function metadataOf(
  params: GenerateParams,
  { recipe, descriptions }: Resolved,
  image: number,
  { catalog, hashes, createdBy, defaultAdaptiveCfg }: DescribeOptions,
): Promise<ImageMetadata> {
  const hashOf = async (kind: ModelKind, name: string): Promise<string> => {
    const path = catalog.path(kind, name);
    return path === undefined ? "" : (await hashes.of(path)).slice(0, hashDigits);
  };
  const loras = recipe.loras.map(async ({ name, weight }) => ({
    name: stemOf(name),
    weight,
    hash: await hashOf("loras", name),
  }));
  const said = descriptions[image];
  const spec = recipe.images[image];
  const { guidance } = recipe;
  // Such a mode forces this value too; the recipe, which has no refiner, does not hold it.
  const distilled = "distilled" in performanceModes[params.performance_selection];
  return {
    prompt: said?.prompt ?? params.prompt,
    negativePrompt: said?.negativePrompt ?? params.negative_prompt,
    promptExpansion: "",
    styles: said?.styles ?? [],
    performance: params.performance_selection,
    steps: recipe.steps,
    width: recipe.size.width,
    height: recipe.size.height,
    guidanceScale: guidance.cfg,
    sharpness: guidance.sharpness,
    adm: { positive: guidance.admPositive, negative: guidance.admNegative, end: guidance.admEnd },
    baseModel: stemOf(recipe.base),
    baseModelHash: await hashOf("checkpoints", recipe.base),
    refinerModel: "None",
    refinerSwitch: distilled ? 1 : params.refiner_switch,
    ...(guidance.adaptiveCfg === defaultAdaptiveCfg ? {} : { adaptiveCfg: guidance.adaptiveCfg }),
    clipSkip: recipe.clipSkip,
    sampler: recipe.sampler,
    scheduler: recipe.schedule,
    vae: recipe.vae === null ? params.vae_name : stemOf(recipe.vae),
    seed: spec?.seed ?? params.image_seed,
    loras: await Promise.all(loras),
    fullPrompt: spec?.positive.texts ?? [],
    fullNegativePrompt: spec?.negative.texts ?? [],
    createdBy,
    version,
  };
}
