import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { downloadOf } from "#/catalog/downloads.ts";
import { modelKinds } from "#/catalog/find-model.ts";
import { readFooocusFolder } from "#/catalog/fooocus-folder.ts";
import { ModelHashes } from "#/catalog/hashes.ts";
import { loadConfig } from "#/config/load.ts";
import { inUnits } from "#/lib/in-units.ts";
import { withEmbeddedModels } from "#/native/models.ts";
import { featureFiles } from "#/recipe/feature-files.ts";
import { presetFiles } from "#/recipe/preset-files.ts";
import { readPresets } from "#/recipe/read-presets.ts";
import type { Ending, Given } from "./invocation.ts";

/** A file that is there. */
type There = Readonly<{
  kind: string;
  name: string;
  bytes: number;
  sha256: string | undefined;
  path: string;
}>;

/** Something that lacks files, and what would fetch them. */
type Lacking = Readonly<{ what: string; files: readonly string[]; way: string }>;

/** Prints what lies in the model folders, and what is missing for what. */
export async function models({ flags, env, options }: Given): Promise<Ending> {
  const { config } = loadConfig({ flags, env });
  const roots = withEmbeddedModels(config.models);
  const catalog = new Catalog(roots);
  const hashes = new ModelHashes(join(config.outputs, "model-hashes.json"));
  const there = await filesThere(catalog, (path) =>
    options["hash"] === true ? hashes.of(path) : Promise.resolve(hashes.known(path)),
  );
  const { presets } = readPresets(readFooocusFolder(config.fooocus).presets, () => undefined);
  const isMissing = ({ folder, name }: Readonly<{ folder: (typeof modelKinds)[number]; name: string }>) =>
    catalog.path(folder, name) === undefined;
  const lacking = [
    ...[...presets].map(([name, preset]) => ({
      what: `preset ${name}`,
      missing: presetFiles(preset).filter(isMissing),
      pulled: [name],
    })),
    ...featureFiles(roots).map(({ name, missing }) => ({
      what: name,
      missing,
      pulled: missing.map((file) => file.name),
    })),
  ]
    .filter(({ missing }) => missing.length > 0)
    .map(({ what, missing, pulled }): Lacking => {
      const homeless = missing.filter((file) => downloadOf(file.name, file.folder) === undefined);
      const bytes = missing.reduce((sum, file) => sum + (downloadOf(file.name)?.bytes ?? 0), 0);
      const own =
        homeless.length === missing.length
          ? "put them into their folders"
          : `fooocusd pull ${pulled.join(" ")}`;
      return {
        what,
        files: missing.map(({ folder, name }) => `${folder}/${name}`),
        way: bytes === 0 ? own : `${own}  (${inUnits(bytes)})`,
      };
    });
  if (options["json"] === true) console.log(JSON.stringify({ files: there, lacking }, undefined, 2));
  else print(there, lacking);
  return 0;
}

async function filesThere(
  catalog: Catalog,
  hashOf: (path: string) => Promise<string | undefined>,
): Promise<readonly There[]> {
  const found: There[] = [];
  for (const kind of modelKinds)
    for (const name of catalog.names(kind)) {
      const path = catalog.path(kind, name);
      if (path === undefined) continue;
      found.push({ kind, name, bytes: catalog.bytes(kind, name), sha256: await hashOf(path), path });
    }
  return found;
}

function print(there: readonly There[], lacking: readonly Lacking[]): void {
  const widest = Math.max(0, ...there.map(({ kind, name }) => kind.length + name.length + 1));
  for (const { kind, name, bytes, sha256 } of there)
    console.log(`${`${kind}/${name}`.padEnd(widest)}  ${inUnits(bytes).padStart(8)}  ${sha256 ?? "-"}`);
  if (there.length === 0) console.log("There are no model files.");
  if (lacking.length > 0) console.log("\nMissing:");
  for (const { what, files, way } of lacking) console.log(`  ${what}: ${files.join(", ")}\n      ${way}`);
}
