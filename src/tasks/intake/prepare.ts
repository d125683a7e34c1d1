import type { GenerateParams, GenerateRequest } from "#/api/generate.ts";
import { formatNames } from "#/image/encode.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { withKnownNames } from "#/recipe/known-names.ts";
import { type Preset, presetOf } from "#/recipe/preset.ts";
import { withoutPublishedDefaults } from "#/recipe/published-defaults.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import { type Resolved, resolveRecipe, type World } from "#/recipe/resolve.ts";
import { settle } from "#/recipe/settle.ts";
import { expansionWarning, roundedWarning, sizeWarning, wildcardWarning } from "#/recipe/warnings.ts";
import { isSaveName } from "#/stores/images.ts";
import { type WebhookRules, webhookAddress } from "../delivery/webhook-address.ts";
import type { Door } from "../door.ts";
import type { Prepared } from "../life-cycle/parts.ts";
import { type examineInTurn, examineModels, type ModelShelf, unusableModel } from "./examine-models.ts";
import { type InputOptions, takeInputs } from "./inputs.ts";

/** What a request is filled and checked with. */
export type Preparation = Readonly<{
  world: () => World;
  models: ModelShelf;
  examine: ReturnType<typeof examineInTurn>;
  /** The server's values for what a request does not say, for the checkpoint that it names. */
  defaultsFor: (base?: string) => GenerateParams;
  presets: ReadonlyMap<string, Preset>;
  inputOptions: () => InputOptions;
  webhook: WebhookRules;
  log: Log;
  /** What to say where the pictures have no room for the text about their making. */
  roomFor: (params: GenerateParams, resolved: Resolved) => Promise<string | undefined>;
  /** 0 up to 1. */
  random: () => number;
}>;

/**
 * Takes a request: fills it, refuses what cannot be made as far as its words and its files' headers tell, and takes its
 * images in last, so that they are kept only of a request that can be made.
 *
 * @throws RequestError
 */
export async function prepare(request: GenerateRequest, parts: Preparation): Promise<Prepared> {
  const { params, warnings } = await considered(request, parts);
  return { params: await takeInputs(params, parts.inputOptions()), warnings };
}

/** Everything but the images. */
async function considered(said: GenerateRequest, parts: Preparation): Promise<Prepared> {
  // 53 bits, so that a client in JavaScript reads a drawn seed to its last digit.
  const randomSeed = (): bigint => BigInt(Math.floor(parts.random() * 2 ** 53));
  const world = parts.world();
  const { request, warnings: unsaid } = withoutPublishedDefaults(said, world);
  const preset = presetOf(request, parts.presets, world);
  const defaults = parts.defaultsFor(request.base_model_name ?? preset.base_model_name);
  const params = settle(request, { defaults, preset, randomSeed });
  checkFile(params);
  const webhook = webhookAddress(params.webhook_url, parts.webhook);
  const resolved = resolveRecipe(params, world);
  const { recipe, warnings } = resolved;
  const { notes, fault } = await parts.examine(resolved, parts.models);
  if (fault !== undefined) throw unusableModel(fault, { request, preset });
  const more = [
    ...worldWarnings(params, recipe, world),
    expansionWarning(request, preset),
    await parts.roomFor(params, resolved),
  ];
  await webhook.checked;
  return {
    params: { ...params, webhook_url: webhook.url },
    warnings: [...unsaid, ...warnings, ...more.flatMap((text) => text ?? []), ...notes],
  };
}

/** What of a request's pictures is otherwise because of what is there now. */
function worldWarnings(
  params: GenerateParams,
  { base, size }: Pick<Recipe, "base" | "size">,
  world: World,
): readonly string[] {
  return [
    ...(world.sidecarFaults?.(base) ?? []),
    ...[
      roundedWarning(size),
      sizeWarning(size, base, world.sidecar(base)),
      wildcardWarning(params, world.wildcards),
    ].flatMap((text) => text ?? []),
  ];
}

/**
 * A task's turn may come much later: its files are looked at once more, and the engine looks for itself.
 *
 * @returns with all that is to be told now, as far as the stored request tells it
 * @throws RequestError, ModelError
 */
export function resolveAgain(params: GenerateParams, world: World, models: ModelShelf): Resolved {
  const resolved = resolveRecipe(params, world);
  const { notes, fault } = examineModels(resolved, models);
  if (fault !== undefined) throw fault.error;
  const more = worldWarnings(params, resolved.recipe, world);
  return { ...resolved, warnings: [...resolved.warnings, ...more, ...notes] };
}

/** Refusals that are foreseen of one request; beyond them there is no use in more. */
const mostForeseen = 10;

/**
 * What would be said of a request if it were posted now: why it would be refused, each reason as if the others were mended,
 * and what a record would warn of. Nothing is kept.
 *
 * @param request without images
 */
export async function foresee(request: GenerateRequest, parts: Preparation): Promise<readonly string[]> {
  const told: string[] = [];
  let rest: GenerateRequest = request;
  while (told.length < mostForeseen) {
    try {
      return [...told, ...(await considered(rest, parts)).warnings];
    } catch (thrown) {
      if (!(thrown instanceof RequestError)) throw thrown;
      const less = withoutFault(rest, thrown.details.field);
      // What took the place of something that was left out here is not the request's.
      if (less === undefined && told.length > 0) return told;
      told.push(`The request would be refused: ${thrown.message}`);
      if (less === undefined) return told;
      rest = less;
    }
  }
  return told;
}

/** The request without what a refusal names; undefined if it did not say that itself. */
function withoutFault(request: GenerateRequest, field: unknown): GenerateRequest | undefined {
  const [name = "", index] = typeof field === "string" ? field.split(".") : [];
  if (!Object.hasOwn(request, name)) return undefined;
  if (name === "loras" && index !== undefined)
    return { ...request, loras: (request.loras ?? []).filter((_, at) => at !== Number(index)) };
  return Object.fromEntries(Object.entries(request).filter(([key]) => key !== name));
}

/**
 * Takes a request by the rules of the door it came in by.
 *
 * @throws RequestError as {@link prepare}
 */
export async function prepareBy(
  { unknownNames }: Pick<Door, "unknownNames">,
  request: GenerateRequest,
  parts: Preparation,
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
async function withReplacedNames(request: GenerateRequest, parts: Preparation): Promise<Prepared> {
  const { kept, replaced } = withKnownNames(request, parts.world());
  const prepared = await prepare(kept, parts);
  if (replaced.length === 0) return prepared;
  parts.log.warn("names that nobody here knows gave way to the defaults", { replaced: replaced.join(", ") });
  const warning = `Names that nobody here knows gave way to the defaults: ${replaced.join(", ")}.`;
  return { ...prepared, warnings: [warning, ...prepared.warnings] };
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
