import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Catalog } from "#/catalog/catalog.ts";
import { modelKinds } from "#/catalog/find-model.ts";
import { type FooocusFolder, readFooocusFolder } from "#/catalog/fooocus-folder.ts";
import { inUnits } from "#/lib/in-units.ts";
import { readPresets } from "#/recipe/read-presets.ts";
import type { Report } from "./report.ts";

/** Says which models there are; they stay where they are. */
export function tellModels(root: string, catalog: Catalog, report: Report): void {
  const kinds = modelKinds.map((kind) => ({ kind, names: catalog.names(kind) }));
  const bytes = kinds.reduce(
    (sum, { kind, names }) => sum + names.reduce((all, name) => all + catalog.bytes(kind, name), 0),
    0,
  );
  const counted = kinds.flatMap(({ kind, names }) => (names.length === 0 ? [] : [`${kind} ${names.length}`]));
  if (counted.length > 0)
    report.taken("models", `${counted.join(", ")}: ${inUnits(bytes)}, used where they are`);
  for (const folder of otherFolders(join(root, "models")))
    report.left("models", `models/${folder}: no kind of file that is used here`);
}

/** Folders beside those that mean something, which hold more than what Fooocus ships in them. */
function otherFolders(models: string): readonly string[] {
  if (!existsSync(models)) return [];
  const known: readonly string[] = [...modelKinds, "configs"];
  return readdirSync(models).filter(
    (name) =>
      !known.includes(name) &&
      statSync(join(models, name), { throwIfNoEntry: false })?.isDirectory() === true &&
      readdirSync(join(models, name)).some((file) => !file.startsWith("put_")),
  );
}

/** Says which presets, styles and wildcards there are; they stay where they are, and are read from there. */
export function tellTexts(root: string, wildcards: string | undefined, report: Report): FooocusFolder {
  const folder = readFooocusFolder(root, wildcards, (note) => report.broken("presets", note));
  readPresets(folder.presets, (note) => report.left("presets", note));
  const presets = [...folder.presets.keys()];
  if (presets.length > 0) report.taken("presets", `${presets.join(", ")}: read where they are`);
  if (folder.styles.length > 0) report.taken("styles", `${folder.styles.length}, read where they are`);
  const names = folder.wildcardNames();
  if (names.length > 0) report.taken("wildcards", `${names.length}, read where they are`);
  return folder;
}

/** What lies in such a folder and has no place here. */
const withoutPlace: Readonly<Record<string, string>> = {
  "auth.json": "logins of Fooocus' page; api_keys sets keys for all",
  "hash_cache.txt": "hashes of models are computed when they are first asked for",
  "notification.mp3": "the page makes no sound",
};

/** Says what else lies there, and why it is not taken. */
export function tellOthers(root: string, report: Report): void {
  for (const [name, why] of Object.entries(withoutPlace))
    if (existsSync(join(root, name))) report.left("files", `${name}: ${why}`);
}
