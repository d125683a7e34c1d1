import { join, resolve } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { Examiner } from "#/catalog/examine.ts";
import { type FooocusFolder, readFooocusFolder } from "#/catalog/fooocus-folder.ts";
import { ModelHashes } from "#/catalog/hashes.ts";
import type { Config } from "#/config/schema.ts";
import { doorTable } from "#/doors/table.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { withEmbeddedModels } from "#/native/models.ts";
import { type Presets, readPresets } from "#/recipe/read-presets.ts";
import { withShippedNames, withShippedStyles, withShippedWildcards } from "#/recipe/shipped.ts";
import { DiskReserve } from "#/stores/disk-reserve.ts";
import type { GenerationAssets } from "#/tasks/intake/create-intake.ts";
import { ModelFetches } from "#/tasks/intake/model-fetches.ts";

/** What a server and a worker of a fleet both have on their disks, and what they know of it. */
export type Shelves = ReturnType<typeof openShelves>;

/**
 * Models, texts and room: what is there before there are tasks.
 *
 * @param hashesIn where hashes of model files are kept
 * @throws EngineError `bad-setting` where there is no such preset
 */
export function openShelves(config: Config, log: Log, hashesIn: string) {
  const modelRoots = withEmbeddedModels(config.models);
  const catalog = new Catalog(modelRoots, (note) => log.warn(note));
  const folder = readFooocusFolder(config.fooocus, wildcardsFolder(config), (note) => log.warn(note));
  const read = readPresets(folder.presets, (note) => log.warn(note));
  const assets = assetsOf(folder, read);
  refuseUnknownPreset(config.preset, assets);
  return {
    modelRoots,
    catalog,
    examiner: new Examiner(),
    assets,
    fetches: new ModelFetches({ ...read, catalog, config, log }),
    hashes: new ModelHashes(join(hashesIn, "model-hashes.json")),
    decoding: new DecodeGate(),
    disk: new DiskReserve({ ...config, reserve: config.disk_reserve }),
    doors: doorTable(config),
  };
}

/** What ships with us; presets, styles and wildcards of the Fooocus folder win over ours of the same name. */
const assetsOf = (
  { styles, wildcards, wildcardNames }: FooocusFolder,
  { presets }: Presets,
): GenerationAssets => ({
  presets,
  styles: withShippedStyles(styles),
  wildcards: withShippedWildcards(wildcards),
  wildcardNames: () => withShippedNames(wildcardNames()),
});

/** The server would give every request other values than its operator thinks. */
function refuseUnknownPreset(preset: string, { presets }: GenerationAssets): void {
  if (preset === "initial" || presets.has(preset)) return;
  const known = [...presets.keys()].join(", ");
  const message = `There is no preset called ${JSON.stringify(preset)}; --preset takes one of ${known}.`;
  throw new EngineError("bad-setting", message, { preset });
}

/** Where `config.txt` says the wildcards are; relative to the Fooocus folder. */
function wildcardsFolder({ fooocus, fooocusKeys: { file, environment } }: Config): string | undefined {
  const folder = environment.path_wildcards ?? file.path_wildcards;
  return folder === undefined ? undefined : resolve(fooocus, folder);
}
