import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { formatNames } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import { alwaysChecked } from "#/recipe/always-checked.ts";
import { withEngineThere } from "#/recipe/inpaint-engine.ts";
import type { MaskMaking } from "#/recipe/mask-making.ts";
import { regionsOf } from "#/recipe/pass-resolved.ts";
import { pictureWarnings } from "#/recipe/picture-warnings.ts";
import { type Preset, presetOf } from "#/recipe/preset.ts";
import { withoutPublishedDefaults } from "#/recipe/published-defaults.ts";
import { type Resolved, resolveRecipe, type World } from "#/recipe/resolve.ts";
import { settle } from "#/recipe/settle.ts";
import { expansionWarning } from "#/recipe/warnings.ts";
import { isSaveName } from "#/stores/images.ts";
import { choicesOf, type Examination, type ModelChoice, unusableModel } from "./examine-models.ts";
import type { ModelFetches } from "./model-fetches.ts";
import { worldWarnings } from "./world-warnings.ts";

/** What a request is filled and checked with. */
export type Considering = Readonly<{
  world: () => World;
  examine: (choice: ModelChoice) => Promise<Examination>;
  /** Looks at the files that a mask is made with; throws RequestError naming the field that chose them. */
  refuseUnusable: (making: MaskMaking, field: string) => void;
  /** The server's values for what a request does not say, for the checkpoint that it names. */
  defaultsFor: (base?: string) => GenerateParams;
  presets: ReadonlyMap<string, Preset>;
  /** Where files of presets are to be had. */
  fetches?: Pick<ModelFetches, "remedy">;
  /**
   * Where a request wants its end posted, and what to await before the request is taken; throws and rejects with
   * RequestError.
   */
  webhook: (said: string | null) => Readonly<{ url: string; checked: Promise<void> }>;
  /** What to say where the pictures have no room for the text about their making. */
  roomFor: (params: GenerateParams, resolved: Resolved) => Promise<string | undefined>;
  /** 0 up to 1. */
  random: () => number;
}>;

/** A request that can be made, as far as its words and its files' headers tell: filled, and what its client must be told. */
export type Considered = Readonly<{
  params: GenerateParams;
  resolved: Resolved;
  /** The same in the same world, once its pictures are named as they are kept, and so their sizes are known. */
  resolveTaken: (taken: GenerateParams) => Pick<Considered, "resolved" | "warnings">;
  warnings: readonly string[];
}>;

/**
 * Everything that is done with a request before its images are taken in. Nothing is kept.
 *
 * @throws RequestError
 */
export async function consider(said: GenerateRequest, parts: Considering): Promise<Considered> {
  // 53 bits, so that a client in JavaScript reads a drawn seed to its last digit.
  const randomSeed = (): bigint => BigInt(Math.floor(parts.random() * 2 ** 53));
  const world = parts.world();
  const { request, warnings: unsaid } = withoutPublishedDefaults(said, world);
  const preset = presetOf(request, parts.presets, world, (name, file) =>
    parts.fetches === undefined ? "put it into its folder" : parts.fetches.remedy(name, file),
  );
  const defaults = parts.defaultsFor(request.base_model_name ?? preset.base_model_name);
  const settled = settle(request, { defaults, preset, randomSeed });
  const checked = alwaysChecked(settled, defaults);
  const { params, warnings: ofEngine } = withEngineThere(checked.params, request, world.inpaintFiles ?? []);
  checkFile(params);
  const webhook = parts.webhook(params.webhook_url);
  const unused = pictureWarnings(params);
  const resolved = resolveRecipe(params, world);
  const notes = new Set<string>();
  for (const choice of choicesOf(resolved)) {
    const seen = await parts.examine(choice);
    if (seen.fault !== undefined) throw unusableModel(seen.fault, { request, preset });
    for (const note of seen.notes) notes.add(note);
  }
  const more = [
    expansionWarning(request, preset, world.expansion?.lacks),
    await parts.roomFor(params, resolved),
  ].flatMap((text) => text ?? []);
  const withWarnings = (found: Resolved): Pick<Considered, "resolved" | "warnings"> => ({
    resolved: found,
    warnings: [
      ...unsaid,
      ...checked.warnings,
      ...ofEngine,
      ...unused,
      ...found.warnings,
      ...worldWarnings(params, found.recipe, world),
      ...more,
      ...notes,
    ],
  });
  for (const { mask, region } of regionsOf(resolved))
    parts.refuseUnusable(mask, `enhance_ctrls.${region}.enhance_mask_model`);
  await webhook.checked;
  return {
    params: { ...params, webhook_url: webhook.url },
    ...withWarnings(resolved),
    resolveTaken: (taken) => withWarnings(resolveRecipe(taken, world)),
  };
}

function checkFile({ save_name: name, output_format: format }: GenerateParams): void {
  if (!Object.hasOwn(formatNames, format)) {
    const known = Object.keys(formatNames).join(", ");
    const message = `Images are not saved as ${JSON.stringify(format)}; output_format takes ${known}.`;
    throw new RequestError("invalid-value", message, { field: "output_format", value: format });
  }
  if (name !== null && name !== "" && !isSaveName(name)) {
    const message = `save_name is one file name of at most 200 bytes without folders, not ${JSON.stringify(name.slice(0, 200))}.`;
    throw new RequestError("invalid-value", message, { field: "save_name", value: name.slice(0, 200) });
  }
}
