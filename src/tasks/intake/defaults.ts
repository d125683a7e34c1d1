import { contractDefaults, type GenerateParams, type GenerateRequest } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Sidecar } from "#/catalog/sidecar.ts";
import type { FooocusKeys } from "#/config/fooocus-keys.ts";
import type { Config, FooocusSources } from "#/config/schema.ts";
import { ownVae, type Preset, presetRequest } from "#/recipe/preset.ts";
import { expansionStyle, randomStyle } from "#/recipe/styles.ts";
import { defaultFault, examineModels, type ModelChoice, type ModelShelf } from "./examine-models.ts";

export type DefaultSources = Readonly<{
  presets: ReadonlyMap<string, Preset>;
  /** The server's own preset (`--preset`). */
  preset: string;
  fooocusKeys: FooocusSources;
  catalog: Catalog;
  /** Styles that can be applied. */
  styles: readonly string[];
  /** The setting of that name. */
  precision: Config["precision"];
  /** The checkpoint that a request names, itself or by its preset: what that one says of itself counts then. */
  base?: string | undefined;
}>;

/**
 * The server's values for everything a request does not say; later ones win: the contract's, the default preset, what
 * the checkpoint says of itself, `config.txt`, the server's preset, the environment; of what is ours the setting. Adapted to what is there: the
 * checkpoint is one that exists, LoRAs and styles that do not exist are left out. Performance and image number stay the contract's.
 */
export function serverDefaults({
  presets,
  preset,
  fooocusKeys,
  catalog,
  styles,
  precision,
  base: named,
}: DefaultSources): GenerateParams {
  const below = presets.get("default") ?? {};
  const above = preset === "default" ? {} : (presets.get(preset) ?? {});
  const { file, environment } = fooocusKeys;
  const said = { ...below, ...file, ...above, ...environment };
  const { default_model: wanted, previous_default_models: older = [] } = said;
  const own = catalog.defaultCheckpoint(wanted === undefined ? older : [wanted, ...older]) ?? wanted;
  const base = named ?? own;
  const sidecar = base === undefined ? {} : catalog.sidecar(base);
  const layers = [below, sidecarPreset(sidecar), file, above, environment].map(requestOf);
  const merged: GenerateParams = Object.assign({}, contractDefaults, ...layers);
  const applicable = new Set([expansionStyle, randomStyle, ...styles]);
  const there = catalog.names("loras");
  return {
    ...merged,
    precision,
    base_model_name: base ?? merged.base_model_name,
    style_selections: merged.style_selections.filter((name) => applicable.has(name)),
    loras: merged.loras.filter(({ model_name }) => model_name === "None" || there.includes(model_name)),
  };
}

/**
 * What the operator's own keys name and is not there: requests get something else instead, which `serverDefaults`
 * chooses without a word.
 */
export const absentDefaults = ({
  fooocusKeys: { file, environment },
  ...here
}: Pick<DefaultSources, "fooocusKeys" | "catalog" | "styles">): readonly string[] =>
  absentIn({ ...file, ...environment }, here);

/** A LoRA of a slot that is switched off is not missed. */
function absentIn(
  keys: Layer,
  { catalog, styles }: Pick<DefaultSources, "catalog" | "styles">,
): readonly string[] {
  const {
    base_model_name: base,
    vae_name: vae = ownVae,
    style_selections: named = [],
    loras = [],
  } = requestOf(keys);
  const there = { models: catalog.names("checkpoints"), loras: catalog.names("loras") };
  const applicable = [expansionStyle, randomStyle, ...styles];
  return [
    ...[base ?? []]
      .flat()
      .filter((name) => !there.models.includes(name))
      .map((name) => `default_model: ${name}`),
    ...(vae === ownVae || catalog.names("vae").includes(vae) ? [] : [`default_vae: ${vae}`]),
    ...loras
      .filter(
        ({ enabled, model_name }) => enabled && model_name !== "None" && !there.loras.includes(model_name),
      )
      .map(({ model_name }) => `default_loras: ${model_name}`),
    ...named.filter((name) => !applicable.includes(name)).map((name) => `default_styles: ${name}`),
  ];
}

/**
 * What the server's own preset (`--preset`) names and is not there: the operator chose it for these files, and requests
 * would silently get others. The preset that is there without being chosen names what most servers do not have.
 */
export function absentOfPreset({
  presets,
  preset,
  fooocusKeys: { environment },
  catalog,
  styles,
}: Pick<DefaultSources, "presets" | "preset" | "fooocusKeys" | "catalog" | "styles">): readonly string[] {
  const said = preset === "default" ? undefined : presets.get(preset);
  if (said === undefined) return [];
  // An older version of the checkpoint will do; what the environment says counts instead of the preset's.
  const { default_model: model, previous_default_models: older = [] } = said;
  const there = older.find((name) => catalog.names("checkpoints").includes(name));
  const filled = { ...said, ...(model === undefined ? {} : { default_model: there ?? model }) };
  const counting = Object.fromEntries(
    Object.entries(filled).filter(([key]) => !Object.hasOwn(environment, key)),
  );
  return absentIn(counting, { catalog, styles }).map((what) => `preset ${preset}: ${what}`);
}

/**
 * What requests get that name nothing, is there and cannot be used: each of them will be refused, so the operator is
 * told at the start.
 *
 * @returns a sentence for each file; a checkpoint that cannot be used hides what is wrong with the others
 */
export function unusableDefaults(
  { base_model_name: base, vae_name, loras }: Pick<GenerateParams, "base_model_name" | "vae_name" | "loras">,
  shelf: ModelShelf,
): readonly string[] {
  const isThere = shelf.catalog.path("checkpoints", base) !== undefined;
  const vae = shelf.catalog.path("vae", vae_name) === undefined ? null : vae_name;
  const used = loras.filter(({ enabled, model_name }) => enabled && model_name !== "None");
  const look = (recipe: ModelChoice["recipe"]): string | undefined => {
    const { fault } = examineModels({ recipe, loraFields: [] }, shelf);
    return fault === undefined ? undefined : defaultFault(fault);
  };
  const first = isThere ? look({ base, vae, loras: [] }) : undefined;
  if (!isThere || first !== undefined) return first === undefined ? [] : [first];
  return used.flatMap(({ model_name: name, weight }) => look({ base, vae, loras: [{ name, weight }] }) ?? []);
}

const sidecarPreset = ({
  default_aspect_ratio,
  default_guidance_scale: guidance,
  default_loras,
}: Sidecar): Preset => ({
  ...(guidance === undefined ? {} : { default_cfg_scale: guidance }),
  ...(default_aspect_ratio === undefined ? {} : { default_aspect_ratio }),
  ...(default_loras === undefined ? {} : { default_loras }),
});

type Layer = Preset & Omit<FooocusKeys, keyof Preset>;

/** One layer in the words of a request; keys it does not say are absent. */
function requestOf(keys: Layer): GenerateRequest {
  const { performance_selection: _, ...request } = presetRequest(keys);
  const more: { [K in keyof GenerateParams]?: GenerateParams[K] | undefined } = {
    output_format: keys.default_output_format,
    overwrite_switch: keys.default_overwrite_switch,
    black_out_nsfw: keys.default_black_out_nsfw,
  };
  return {
    ...request,
    ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)),
  };
}
